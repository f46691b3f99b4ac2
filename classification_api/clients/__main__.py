"""Ask a running service by each client, and compare with what Python answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classification_model.config.home import Home
from classification_model.predict import Model, load_model
from harness import API, Server, running

PACKAGES = {"mlserver": "mlserver==1.7.1", "kserve": "kserve"}
DATATYPES = {"integer": "INT64", "number": "FP64", "boolean": "BOOL"}


def main() -> int:
    model = load_model(Home.find())
    rows = [model.profile.example()] * 2
    expected = model.predict(rows)["predictions"]
    failed = 0
    with running() as server, tempfile.TemporaryDirectory() as folder:
        request = Path(folder) / "requests.jsonl"
        request.write_text(json.dumps({"inputs": tensors(model, rows)}), encoding="utf-8")
        for name, ask in {"mlserver": by_mlserver, "kserve": by_kserve}.items():
            found = ask(environment(name), server, model_name(model), request)
            print(f"{name}: {found}")
            failed += found != expected
    return 1 if failed else 0


def model_name(model: Model) -> str:
    file = model.manifest.files[".pkl"].name
    return file.removesuffix(f"_v{model.manifest.version}.pkl")


def tensors(model: Model, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": DATATYPES.get(column.kind, "BYTES"),
            "data": [row[name] for row in rows],
        }
        for name, column in model.manifest.row_schema.columns.items()
    ]


def environment(name: str) -> Path:
    """The programs of a client's own environment, made at the first call and kept."""
    folder = Path(os.environ.get("CLIENTS", sys.prefix)) / name
    if not (folder / "installed").exists():
        plain = {key: value for key, value in os.environ.items() if key != "PIP_CONSTRAINT"}
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        command = [str(folder / "bin" / "pip"), "install", "--quiet", PACKAGES[name]]
        subprocess.run(command, check=True, env=plain)
        (folder / "installed").touch()
    return folder / "bin"


def by_mlserver(programs: Path, server: Server, model: str, request: Path) -> object:
    answers = request.with_name("answers.jsonl")
    options = ["-u", f"127.0.0.1:{server.port}", "--transport", "rest", "-m", model]
    files = ["-i", str(request), "-o", str(answers)]
    subprocess.run([str(programs / "mlserver"), "infer", *options, *files], check=True)
    answer = json.loads(answers.read_text(encoding="utf-8"))
    return {output["name"]: output["data"] for output in answer["outputs"]}["predictions"]


def by_kserve(programs: Path, server: Server, model: str, request: Path) -> object:
    script = str(API / "clients" / "kserve_client.py")
    arguments = [f"127.0.0.1:{server.port}", model, str(request)]
    command = [str(programs / "python"), script, *arguments]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
