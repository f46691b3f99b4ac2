"""POST /predict in front of FastAPI."""
