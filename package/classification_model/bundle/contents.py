"""A bundle in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from classification_model.bundle.manifest import Manifest, SavedFile, sha256
from classification_model.errors import IncompatibleModelError, shorten
from classification_model.processing.profile import Profile

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Bundle"]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A manifest with the bytes of its siblings, by suffix, all of them verified.

    ``digest`` is the sha256 of the manifest, and so stands for the whole bundle.
    """

    manifest: Manifest
    digest: str
    contents: Mapping[str, bytes]

    @classmethod
    def of(cls, manifest: Manifest, *, stem: str, contents: Mapping[str, bytes]) -> Bundle:
        """A bundle in memory: the manifest is completed with a record of each sibling.

        Args:
            manifest: everything but ``files``.
            stem: the name that the files share, ``<pipeline_save_file><version>``.
            contents: the siblings' bytes by suffix, such as ``.pkl``.
        """
        files = {
            suffix: SavedFile(name=stem + suffix, sha256=sha256(content), size=len(content))
            for suffix, content in contents.items()
        }
        complete = manifest.model_copy(update={"files": files})
        return cls(complete, sha256(complete.source()), dict(contents))

    @property
    def stem(self) -> str:
        """The name that the files share."""
        return self.manifest.files[".pkl"].name.removesuffix(".pkl")

    def with_more(self, contents: Mapping[str, bytes], **changes: object) -> Bundle:
        """The bundle with more files, and with changes of its manifest."""
        manifest = self.manifest.model_copy(update=changes)
        return Bundle.of(manifest, stem=self.stem, contents={**self.contents, **contents})

    def profile(self) -> Profile:
        """What training saw in each column."""
        return Profile.model_validate_json(self.contents[".profile"])

    def pipeline(self) -> Pipeline:
        """Unpickle the pipeline.

        Raises:
            IncompatibleModelError: another scikit-learn made it than the one installed, or
                something that it needs is not there.
        """
        from classification_model.processing.data_manager import load_pipeline

        name = self.manifest.files[".pkl"].name
        made, installed = self.manifest.libraries["scikit-learn"], metadata.version("scikit-learn")
        if made.split(".")[:2] != installed.split(".")[:2]:
            raise IncompatibleModelError(
                f"{name}: expected scikit-learn {made}, which made it, and found {installed}: "
                f"pip install 'scikit-learn=={made}', or train again"
            )
        for package, version in self.manifest.needs.items():
            try:
                metadata.version(package)
            except metadata.PackageNotFoundError:
                raise IncompatibleModelError(
                    f"{name}: it needs {package}, which is not installed: "
                    f"pip install '{package}=={version}'"
                ) from None
        try:
            return load_pipeline(self.contents[".pkl"])
        except Exception as error:  # noqa: BLE001 - unpickling raises whatever it meets
            raise IncompatibleModelError(
                f"{name}: cannot be unpickled here ({type(error).__name__}: {shorten(str(error))}): "
                "install the versions that it was made with (classification-model verify shows "
                "them), or train again"
            ) from None
