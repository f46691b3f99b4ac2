"""The paths of the protocol; errors.py says what is wrong as its clients read it."""

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response

from classification_model.errors import InvalidRowsError
from classification_model.predict import Model

from .. import __version__
from ..errors import as_json
from ..live.recording import Live
from ..media import refuse_compressed
from .tensors import InvalidTensorError, datatype_of, datatype_of_labels, outputs, parsed, rows

__all__ = ["add_v2"]


def add_v2(app: FastAPI, model: Model, live: Live, most_rows: int) -> None:
    """Add the routes, for the one model that is served, which has one version.

    Args:
        app: of which they will be.
        model: that answers.
        live: what takes note of what it says.
        most_rows: of a request.
    """
    served = _Served(model, live, most_rows)

    async def server() -> Response:
        extensions = ["binary_tensor_data"]
        return as_json({"name": app.title, "version": __version__, "extensions": extensions})

    async def alive() -> Response:
        return as_json({"live": True})

    async def ready() -> Response:
        return as_json({"ready": not app.stopping}, 503 if app.stopping else 200)  # type: ignore[attr-defined]

    router = APIRouter(prefix="/v2", include_in_schema=False)
    router.add_api_route("", server)
    router.add_api_route("/health/live", alive)
    router.add_api_route("/health/ready", ready)
    of_model = APIRouter(dependencies=[Depends(served.is_asked_for)])
    for path in ("/models/{name}", "/models/{name}/versions/{version}"):
        of_model.add_api_route(path, served.metadata)
        of_model.add_api_route(f"{path}/ready", ready)
        of_model.add_api_route(f"{path}/infer", served.infer, methods=["POST"])
    router.include_router(of_model)
    app.include_router(router)


class _Served:
    """The model as the protocol knows it: by the name of its files, in one version."""

    def __init__(self, model: Model, live: Live, most_rows: int) -> None:
        self._model = model
        self._live = live
        self._most_rows = most_rows
        file = model.manifest.files[".pkl"].name
        self._name = file.removesuffix(f"_v{model.manifest.version}.pkl")

    async def is_asked_for(self, name: str, version: str | None = None) -> None:
        """Raises HTTPException: another one is."""
        here = self._model.manifest.version
        if name != self._name or version not in (None, here):
            asked = name if version is None else f"{name}, version {version}"
            raise HTTPException(404, f"no model {asked}; here is {self._name}, version {here}")

    async def metadata(self) -> Response:
        manifest = self._model.manifest
        labels, classes = datatype_of_labels(manifest.classes), len(manifest.classes)
        may_abstain = manifest.abstain_below is not None
        return as_json(
            {
                "name": self._name,
                "versions": [manifest.version],
                "platform": f"classification_model_{self._model.engine}",
                "inputs": [
                    {"name": name, "datatype": datatype_of(column), "shape": [-1]}
                    for name, column in manifest.row_schema.columns.items()
                ],
                "outputs": [
                    {
                        "name": "predictions",
                        "datatype": "BYTES" if may_abstain else labels,
                        "shape": [-1],
                    },
                    {"name": "probabilities", "datatype": "FP64", "shape": [-1, classes]},
                    {"name": "classes", "datatype": labels, "shape": [classes]},
                    {"name": "warnings", "datatype": "BYTES", "shape": [-1]},
                    *(
                        [{"name": "sets", "datatype": "BYTES", "shape": [-1]}]
                        if manifest.sets
                        else []
                    ),
                    *(
                        [{"name": "abstained", "datatype": "BOOL", "shape": [-1]}]
                        if may_abstain
                        else []
                    ),
                ],
            }
        )

    async def infer(self, request: Request) -> Response:
        refuse_compressed(request)
        try:
            return await self._inferred(request)
        except (InvalidTensorError, InvalidRowsError) as error:
            raise HTTPException(400, str(error)) from None

    async def _inferred(self, request: Request) -> Response:
        size = request.headers.get("inference-header-content-length")
        asked, binary = parsed(await request.body(), size)
        read = rows(asked, binary)
        if len(read) > self._most_rows:
            raise InvalidTensorError(
                f"inputs: {len(read)} rows, and MAX_ROWS is {self._most_rows}: send fewer at once"
            )
        checked = self._model.validator.validate(read)
        if checked.errors:
            self._live.metrics.refused(checked.errors)
            raise InvalidRowsError(checked.errors)
        result = self._model.score(checked)
        tensors = outputs(result, asked.get("outputs"))
        self._live.scored(result, checked.rows, read)
        identity = {"id": asked["id"]} if isinstance(asked.get("id"), str) else {}
        of = {"model_name": self._name, "model_version": self._model.manifest.version}
        return as_json({**of, **identity, "outputs": tensors})
