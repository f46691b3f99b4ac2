"""How fast the service is, beside others that do the same or less: ``tox -e bench``."""
