"""The service: a model's /predict and /health over HTTP."""

__version__ = "1.0.0"
