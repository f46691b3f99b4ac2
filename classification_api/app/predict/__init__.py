"""POST /predict in front of FastAPI, where nothing of FastAPI stands before it."""

from .deciding import why_not
from .fast import FastPredict, WholePredict, answerer

__all__ = ["FastPredict", "WholePredict", "answerer", "why_not"]
