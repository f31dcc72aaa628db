"""Greetings: a node type, a value type, a command and an observer, as a third party ships them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import ValueType, hookimpl

if TYPE_CHECKING:
    import click

    from studio.api.events import Event


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `hello.*`."""
    from studio_hello import nodes

    return [nodes.greet, nodes.write_greeting]


@hookimpl
def studio_value_types() -> Iterable[ValueType[Any]]:
    """Return the value type `greeting`."""
    from studio_hello.greeting import GreetingType

    return [GreetingType()]


@hookimpl
def studio_commands() -> Iterable[click.Command]:
    """Return the command `studio hello-command`."""
    import click

    @click.command("hello-command")
    @click.argument("name", default="world")
    def command(name: str) -> None:
        """Greet NAME."""
        click.echo(f"Hello, {name}!")

    return [command]


@hookimpl
def studio_event(event: Event) -> None:
    """Write the name of every event to the file that STUDIO_HELLO_LOG names."""
    path = os.environ.get("STUDIO_HELLO_LOG")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(type(event).__name__ + "\n")
