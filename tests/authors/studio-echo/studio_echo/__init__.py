"""Echoes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from studio.api import ModelOpener, find_node_types, hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types."""
    from studio_echo import nodes

    return find_node_types(nodes)


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener."""
    from studio_echo.opener import ImpulseOpener

    return [ImpulseOpener()]


@hookimpl
def studio_commands() -> Iterable[click.Command]:
    """Return the commands."""
    import click

    @click.command("echo-make")
    @click.argument("file", type=click.Path(dir_okay=False))
    @click.option("--delay", default=0.1, help="Seconds between sound and echo.")
    def make(file: str, delay: float) -> None:
        """Write an impulse response with one echo to FILE."""
        import numpy as np
        from safetensors.numpy import save_file

        impulse = np.zeros(int(delay * 8000) + 1, np.float32)
        impulse[0], impulse[-1] = 1, 0.5
        save_file({"impulse": impulse}, file)
        click.echo(file)

    return [make]
