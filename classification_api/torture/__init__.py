"""What the service promises to bear, tried on real server processes: ``tox -e torture``.

Each module tries one promise, in the size that is asked for; the tests ask for small ones.
"""
