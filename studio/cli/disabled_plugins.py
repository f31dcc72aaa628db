"""Writes `disabled_plugins` into the user's configuration, and leaves everything else in it as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.errors import UsageError
from studio.files import replace_file
from studio.settings import find_config

_SETTING = re.compile(r"^[ \t]*disabled_plugins[ \t]*=[ \t]*\[[^\[\]]*\][ \t]*(#[^\n]*)?(\n|\Z)", re.MULTILINE)


def write_disabled_plugins(names: Sequence[str]) -> Path:
    """Write the names of plugins that are not imported; return the file.

    Raises:
        UsageError: E001 if the file cannot be read or written, or has the setting in a form that is not understood.
    """
    path = find_config()
    if path is None:
        raise UsageError("E001", "this user has no home folder", where="HOME", hint="set HOME, or STUDIO_CONFIG")
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        changed = replace_setting(text, names)
        with replace_file(path) as temporary:
            temporary.write_text(changed, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError("E001", f"cannot write the configuration: {reason}", where=str(path)) from None
    except ValueError as error:
        hint = f"write it yourself: disabled_plugins = {json.dumps(list(names))}"
        raise UsageError("E001", f"cannot change disabled_plugins: {error}", where=str(path), hint=hint) from None
    return path


def replace_setting(text: str, names: Sequence[str]) -> str:
    """Return a configuration with these disabled plugins; ValueError if it cannot be changed safely."""
    before = tomllib.loads(text)
    line = f"disabled_plugins = {json.dumps(list(names))}\n" if names else ""
    found = _SETTING.search(text)
    changed = text[: found.start()] + line + text[found.end() :] if found else line + text
    wanted: dict[str, Any] = {name: value for name, value in before.items() if name != "disabled_plugins"}
    if names:
        wanted["disabled_plugins"] = list(names)
    if tomllib.loads(changed) != wanted:
        raise ValueError("it is written in a form that is not understood")
    return changed
