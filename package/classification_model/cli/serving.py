"""A model over HTTP: ``serve``."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from classification_model.cli.exit_status import Status, Stop
from classification_model.cli.options import DebugOption, HomeOption
from classification_model.config.home import PACKAGE_HOME
from classification_model.errors import IncompatibleModelError, MissingExtraError

__all__ = ["serve"]


def serve(
    home: HomeOption = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; 0.0.0.0: everywhere.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="The port.")] = 8000,
    _debug: DebugOption = False,
) -> None:
    """Serve the model: `/predict`, `/health`, `/metrics`, `/docs`, and a page with a form at `/`.

    Needs the extra `[serve]`. Every setting of the service is an environment variable, such as
    `API_KEYS` or `LOG_FORMAT`; `docs/serving.md` has them all.

    ```console
    classification-model serve --home churn --port 8000
    ```
    """
    for module in ("fastapi", "fastapi_offline", "prometheus_client", "uvicorn"):
        if find_spec(module) is None:
            raise MissingExtraError(purpose="serve", extra="serve", module=module)
    import uvicorn

    if home is not None:
        os.environ["MODEL_HOME"] = str(home)
    try:
        uvicorn.run(_app(), host=host, port=port, access_log=False, proxy_headers=False)
    except SystemExit:  # the server has said why it does not start
        raise Stop(Status.FAILED) from None


def _app() -> str:
    """The application by its name: the copy in the wheel, or that of the clone."""
    if (PACKAGE_HOME / "_service").is_dir():
        return "classification_model._service.main:app"
    clone = PACKAGE_HOME.parent.parent / "classification_api"
    if not (clone / "app" / "main.py").is_file():
        raise IncompatibleModelError(
            f"{PACKAGE_HOME}: this installation has no copy of the service, and is not in a clone: "
            "build it in a clone, or install the package from an index"
        )
    sys.path.insert(0, str(clone))
    return "app.main:app"
