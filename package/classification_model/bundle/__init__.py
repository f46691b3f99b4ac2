"""The trained bundle: a manifest and its siblings, saved whole, verified before it is used.

    trained_models/<pipeline_save_file><version>.json   the manifest
                                               .pkl     the whole scikit-learn pipeline
                                               .onnx    what comes after the encoding
                                               .profile what training saw in each column
                                               .learned texts and many categories, where there are any
                                               .golden.jsonl    rows with their answers
                                               .html    the model card; .md and .svg too

The manifest names each sibling with its sha256 and ends with a sha256 of itself, so it alone
decides which bytes are the model, and a change of any of them is seen. See ``saving`` for how
a crash leaves the old bundle or the new one.
"""

from __future__ import annotations

from classification_model.bundle.contents import Bundle
from classification_model.bundle.locking import locked
from classification_model.bundle.manifest import FORMAT, Manifest, SavedFile
from classification_model.bundle.reading import load, load_any, versions_there
from classification_model.bundle.saving import save
from classification_model.bundle.versions import library_versions, python_version

__all__ = [
    "FORMAT",
    "Bundle",
    "Manifest",
    "SavedFile",
    "library_versions",
    "load",
    "load_any",
    "locked",
    "python_version",
    "save",
    "versions_there",
]
