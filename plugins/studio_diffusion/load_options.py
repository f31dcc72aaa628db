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
    "embeddings": str,
    "image_encoder": str,
    "into": str,
    "offload": str,
    "prediction": str,
    "prior": str,
    "quantization": str,
    "text_encoder": str,
    "text_encoder_2": str,
    "text_encoder_3": str,
    "transformer_2": str,
    "vae": str,
    "variant": str,
}
"""Load options, by name: what they must be."""

FILES = ("transformer_2", "text_encoder", "text_encoder_2", "text_encoder_3", "vae")
"""Load options that put another network into a pipeline: a single file, or its folder."""

_TUNING = ("attention", "channels_last", "compile", "embeddings", "offload", "prediction", "quantization")


def check_used(options: Mapping[str, Any], what: str, *names: str) -> None:
    """Raise ModelError E619 for a load option that this kind of weights does not use.

    Args:
        options: The options.
        what: What the weights are, for the message.
        names: Options that it uses besides those for drawing; "*" for none of these.
    """
    used = {*names} if "*" in names else {*names, *_TUNING, *FILES}
    unused = next((name for name in options if name not in used), None)
    if unused is not None:
        known = ", ".join(sorted(used - {"*"})) or "none"
        raise ModelError("E619", f"{what} does not use the load option {unused!r}", hint=f"it uses {known}")


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


def find_option_path(options: Mapping[str, Any], name: str, *, file: bool = False) -> Path:
    """Return the folder that a load option names, or the file where one will do.

    Raises:
        ModelError: E614 if there is none.
    """
    text = str(options[name])
    path = Path(text.removeprefix("file:")).expanduser()
    found = path.is_dir() or (file and path.is_file())
    if not text.startswith("file:") or not found:
        kind, shown = ("file or folder", "PATH") if file else ("folder", "FOLDER")
        raise ModelError(
            "E614",
            f"invalid load option {name!r}: {text!r} is not a {kind}",
            hint=f'write {{"{name}": "file:{shown}"}}',
        )
    return path


def suggest_option(model: Model, name: str, what: str) -> str:
    """Return a hint that shows how to write a load option."""
    return f'write {{"model": "{model.reference}", "options": {{"{name}": "file:FOLDER"}}}}, FOLDER being {what}'
