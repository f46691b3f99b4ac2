"""Walk a whole release and its deployment on one machine: ``tox -c package -e rehearse``.

A clone of the repository's last commit is released and deployed, twice and back: what is now,
then the next version, then the first one again. The steps are those of the workflows, read
from their YAML and run in their order, each job from a clean checkout. The index is a real one,
pypiserver on loopback, beside the one that pip is configured for; it refuses what an index
refuses. Wrong things are planted on the way, and have to be caught.

What cannot run here is named in ``walk.NOT_HERE``, and shown as not rehearsed. What is shared
between jobs to save time: tox's environments, and pip's cache of other people's packages.
"""
