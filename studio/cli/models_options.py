"""What all subcommands of `studio models` share: the option for a folder of plugins, and the Studio to ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from studio.app import Studio
from studio.cli.options import create_studio
from studio.cli.parameter_types import PathType

F = TypeVar("F", bound=Callable[..., Any])


def _take_plugins_dir(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    ctx.obj = value or ctx.obj


def plugins_option(function: F) -> F:
    """Add the option `--plugins-dir`, which may stand before and after the name of the subcommand."""
    return click.option(
        "--plugins-dir",
        type=PathType(),
        expose_value=False,
        callback=_take_plugins_dir,
        help="Folder with more plugins.",
    )(function)


def open_studio(ctx: click.Context, **more: Any) -> Studio:
    """Return the Studio of a subcommand."""
    return create_studio("cpu", None, ctx.obj, **more)
