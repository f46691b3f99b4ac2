"""The steps of a release and of a deployment: what the workflows run, and a laptop can, too.

    tox -c package -e release -- check         the tag is VERSION, and new to the index
                              -- served        wait until the index serves the built wheel
                              -- branch        commit the published model and the new pin, and push
                              -- announce      make the release, and open the pull request
                              -- deployable    the index serves what the repository holds
                              -- railway       upload the service, and wait for the verdict
                              -- smoke         ask a running service for version and golden rows
                              -- monitor       ask it what drifted, and keep an issue about it

Each stops with one line that says what to do. They need the standard library, pip and git, so
that the jobs that may write install nothing else. What needs more runs elsewhere: ``report`` in
the environment that trained, and ``check_dist`` in one of its own.
"""
