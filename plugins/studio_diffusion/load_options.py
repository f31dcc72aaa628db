"""Load options of a reference to a diffusion model: which there are, and what they may be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError

OPTIONS: Mapping[str, type] = {
    "attention": str,
    "base": str,
    "channels_last": bool,
    "compile": bool,
    "config": str,
    "prior": str,
    "vae": str,
    "variant": str,
}
"""Load options, by name: what they must be."""


def read_options(model: Model) -> dict[str, Any]:
    """Check a reference's load options.

    Raises:
        ModelError: E619 if one is unknown, or has the wrong type.
    """
    options = dict(model.options)
    for name, value in options.items():
        wanted = OPTIONS.get(name)
        if wanted is None:
            raise ModelError(
                "E619", f"unknown load option {name!r} of diffusion models", hint=f"there are {', '.join(OPTIONS)}"
            )
        if value is not None and type(value) is not wanted:
            kind = "true or false" if wanted is bool else "a text"
            raise ModelError(
                "E619", f"invalid load option {name!r}: expected {kind}, got {value!r}", hint="correct the option"
            )
    return {name: value for name, value in options.items() if value is not None}


def find_option_path(options: Mapping[str, Any], name: str) -> Path:
    """Return the folder that a load option names.

    Raises:
        ModelError: E614 if it is not a folder.
    """
    text = str(options[name])
    path = Path(text.removeprefix("file:")).expanduser()
    if not text.startswith("file:") or not path.is_dir():
        raise ModelError(
            "E614", f"invalid load option {name!r}: {text!r} is not a folder", hint=f'write {{"{name}": "file:FOLDER"}}'
        )
    return path


def suggest_option(model: Model, name: str, what: str) -> str:
    """Return a hint that shows how to write a load option."""
    return f'write {{"model": "{model.reference}", "options": {{"{name}": "file:FOLDER"}}}}, FOLDER being {what}'
