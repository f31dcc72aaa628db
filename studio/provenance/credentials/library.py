"""The libraries of the extra `credentials`, which nothing else imports."""

from __future__ import annotations

import importlib.util
from typing import Any

from studio.errors import UsageError


def load_c2pa() -> Any:
    """Return the module `c2pa`.

    Raises:
        UsageError: E770 if the extra is not installed.
    """
    try:
        import c2pa
        import cryptography  # noqa: F401  # keys and certificates are read with it
    except ImportError:
        raise UsageError(
            "E770",
            "content credentials need c2pa-python, which is not installed",
            hint="pip install 'studio[credentials]'",
        ) from None
    return c2pa


def is_installed() -> bool:
    """Return whether the extra is installed; imports nothing."""
    return all(importlib.util.find_spec(name) is not None for name in ("c2pa", "cryptography"))
