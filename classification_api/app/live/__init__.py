"""After the deployment: what is served beside the training, what turned out true, a second model."""
