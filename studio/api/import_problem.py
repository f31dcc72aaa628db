"""What to do about an import that failed in a plugin: install a library, or a Studio that has the name."""

from __future__ import annotations

import re

_MISSING = re.compile(
    r"(?:cannot import name|module '(studio\.api[\w.]*)' has no attribute) '(\w+)'(?: from '([\w.]+)')?"
)


def find_import_hint(error: BaseException, version: str, contract: str) -> str | None:
    """Return what to do about an import that failed, or None for any other error.

    Args:
        error: What was raised.
        version: The version of this Studio.
        contract: The version of its plugin contract.
    """
    name = _find_missing_name(error)
    if name is not None:
        return (
            f"a newer Studio may have {name}; this is Studio {version} with version {contract} of the plugin contract"
        )
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install {error.name.partition('.')[0]!r} into this environment"
    return None


def _find_missing_name(error: BaseException) -> str | None:
    """Return the name that the contract lacks, with its module."""
    if isinstance(error, ModuleNotFoundError):
        return error.name if error.name and _is_contract(error.name) else None
    if not isinstance(error, ImportError | AttributeError):
        return None
    found = _MISSING.match(str(error))
    module = (found[1] or found[3] or "") if found else ""
    return f"{module}.{found[2]}" if found and _is_contract(module) else None


def _is_contract(module: str) -> bool:
    return module in ("studio.api", "studio.testing") or module.startswith(("studio.api.", "studio.testing."))
