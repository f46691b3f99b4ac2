"""What is known of a model after its deployment: pure, and light enough for the service."""
