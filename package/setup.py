"""Build the package. Its metadata is in pyproject.toml and its version in VERSION."""

import shutil

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildFromNothing(build_py):
    """Clear what an earlier build left, or the wheel would carry its old model too."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build_py": BuildFromNothing})
