"""What the OpenAPI document says of keys."""

from __future__ import annotations

from typing import Any

__all__ = ["add_keys_to"]


def add_keys_to(document: dict[str, Any]) -> None:
    """Say in an OpenAPI document that a key is asked for."""
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "password": {"type": "http", "scheme": "basic", "description": "The key, as password."},
    }
    document.setdefault("components", {})["securitySchemes"] = schemes
    document["security"] = [{name: []} for name in schemes]
    for operation in document["paths"].get("/health", {}).values():
        operation["security"] = []
