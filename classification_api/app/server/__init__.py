"""What stands between the server, which is uvicorn, and the application."""
