"""Run in KServe's environment: ask the service at an address for a request in a file."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


async def main(address: str, model: str, file: str) -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
    url = f"http://{address}"
    assert await client.is_server_ready(url)
    assert await client.is_model_ready(url, model)
    tensors: list[dict[str, Any]] = json.loads(Path(file).read_text(encoding="utf-8"))["inputs"]
    request = InferRequest(model_name=model, infer_inputs=[InferInput(**each) for each in tensors])
    answer = await client.infer(url, request, model_name=model)
    for output in answer.outputs:
        if output.name == "predictions":
            print(json.dumps(output.data))


asyncio.run(main(*sys.argv[1:]))
