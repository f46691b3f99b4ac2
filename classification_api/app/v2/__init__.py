"""The Open Inference Protocol, version 2, as KServe, Triton and MLServer speak it."""

from .routes import add_v2

__all__ = ["add_v2"]
