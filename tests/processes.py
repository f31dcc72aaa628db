"""Processes of tests: they import the Studio that the test imports, installed or not."""

from __future__ import annotations

import os
import sys


def create_environment(**more: str) -> dict[str, str]:
    """Return this process's environment with this process's search path, and more variables."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}
