"""Warns of variables of the environment that begin like Studio's own and are none: they are probably misspelt."""

from __future__ import annotations

import warnings

from studio.errors import StudioWarning
from studio.settings import list_unknown_variables, suggest_variable


def warn_of_variables() -> None:
    """Warn of each variable that Studio does not know, with the one that is probably meant."""
    for name in list_unknown_variables():
        hint = suggest_variable(name) or "`studio config show` lists the settings"
        warnings.warn(f"unknown setting {name}; {hint}", StudioWarning, stacklevel=1)
