"""The service asked by MLServer's and KServe's own clients: ``tox -e clients``.

Each has an environment of its own: they want other versions than the service is tested with.
"""
