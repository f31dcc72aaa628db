"""The page of settings: names, defaults, variables and limits, from the classes that hold them."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

from docs_site.page import Page, format_table
from studio.api.docstring import parse_docstring
from studio.settings import MediaLimits, Settings

PATH = "reference/settings.md"
_FOLDERS = {
    "cache_dir": "~/.cache/studio",
    "data_dir": "~/.local/share/studio/plugins",
    "models_dir": "~/.local/share/studio/models",
    "hub_dir": "~/.cache/huggingface/hub",
}
"""Defaults that depend on the user's folders."""

_INTRODUCTION = """# Settings

A setting is a line of `config.toml`, or a variable of the environment. Later ones win:

1. the default;
2. `config.toml` in `~/.config/studio`, or the file that `STUDIO_CONFIG` names;
3. the variable `STUDIO_NAME`;
4. an option of the command, such as `--device cpu`, or an argument in Python.

`studio config show` prints every setting with its value and where it comes from; `studio config path` says where the
file is.
Sizes are numbers of bytes, or text such as `20GB` or `512MiB`; in `[media]` they are numbers.

``` { .toml title="config.toml" }
cache_bytes = "50GiB"
device = "cuda:1"
disabled_plugins = ["speech"]

[media]
max_pixels = 100000000
```
"""


def create_settings_page() -> Page:
    """Return the page of settings."""
    parts = [_INTRODUCTION.strip(), "## Names", _format_settings()]
    parts += [
        "## Limits of media",
        "Below a line `[media]` in `config.toml`. They have no variables.",
        _format_limits(),
    ]
    parts += [
        "## Settings of plugins",
        "Below a line `[plugins.NAME]` in `config.toml`. `studio plugins NAME` shows which a plugin has; "
        "secrets are never shown. [Write a plugin](../docs/write_a_plugin.md) says how to declare them.",
        "## Other variables",
        format_table(
            ["variable", "meaning"],
            [
                ["`STUDIO_CONFIG`", "the configuration file to read instead"],
                ["`STUDIO_DEBUG`", "`1`: print tracebacks of errors too, as `--debug` does"],
                ["`NO_COLOR`", "no colors in what is printed"],
            ],
        ),
    ]
    return Page(PATH, "Settings", "\n\n".join(parts), "Every setting, its default and its variable.")


def _format_settings() -> str:
    texts = parse_docstring(Settings.__doc__).args
    rows = [
        [f"`{one.name}`", f"`STUDIO_{one.name.upper()}`", _show_default(one), texts.get(one.name, "")]
        for one in fields(Settings)
        if one.name not in ("media", "plugins")
    ]
    return format_table(["setting", "variable", "default", "meaning"], rows)


def _format_limits() -> str:
    texts = parse_docstring(MediaLimits.__doc__).args
    rows = [[f"`{one.name}`", _show_default(one), texts.get(one.name, "")] for one in fields(MediaLimits)]
    return format_table(["limit", "default", "meaning"], rows)


def _show_default(one: Field[Any]) -> str:
    if one.name in _FOLDERS:
        return f"`{_FOLDERS[one.name]}`"
    if one.default is MISSING or one.default is None or one.default == ():
        return ""
    return f"{one.default:,}" if isinstance(one.default, int) and one.default > 9999 else f"`{one.default}`"
