"""The libraries of the extra `credentials`, which nothing else imports."""

from __future__ import annotations

from typing import Any

from studio.errors import UsageError


def load_c2pa() -> Any:
    """Return the module `c2pa`.

    Raises:
        UsageError: E770 if the extra is not installed, or is broken.
    """
    try:
        import c2pa
        import cryptography  # noqa: F401  # keys and certificates are read with it
    except (ImportError, OSError, RuntimeError) as error:  # the last two: its own library, in C, is gone or broken
        is_missing = isinstance(error, ModuleNotFoundError)
        raise UsageError(
            "E770",
            f"content credentials need c2pa-python, which {'is not installed' if is_missing else 'cannot be loaded'}",
            hint=f"pip install {'' if is_missing else '--force-reinstall '}'studio[credentials]'",
        ) from None
    return c2pa


def is_usable() -> bool:
    """Return whether the extra is installed and can be loaded; loads it."""
    try:
        load_c2pa()
    except UsageError:
        return False
    return True
