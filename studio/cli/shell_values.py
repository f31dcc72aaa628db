"""What a shell may complete where a command takes a name: node types, plugins, models, inputs and outputs of a graph.

A shell asks at every press of a key: what cannot be found is not completed, and nothing is printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from studio.app import Studio

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_LONGEST_GRAPH = 16 * 2**20


def _complete(find: Callable[[click.Context], Iterable[tuple[str, str]]]) -> Complete:
    """Return what completes the names that are found, with a help text for each."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        with suppress(Exception):  # a broken graph or plugin must not break the user's shell
            return [
                CompletionItem(name, help=help_ or None) for name, help_ in find(ctx) if name.startswith(incomplete)
            ]
        return []

    return complete


def _open_studio(ctx: click.Context) -> Studio:
    from studio.app import Studio, read_settings

    return Studio(read_settings(device="cpu", plugins_dir=ctx.params.get("plugins_dir")), on_disk=False)


def _find_node_types(ctx: click.Context) -> Iterator[tuple[str, str]]:
    with _open_studio(ctx) as studio:
        for node_type in sorted(studio.registry.node_types.values(), key=lambda one: one.id):
            yield node_type.id, node_type.summary


def _find_plugins(ctx: click.Context) -> Iterator[tuple[str, str]]:
    with _open_studio(ctx) as studio:
        for row in studio.registry.plugins:
            yield row.key, f"{row.distribution} {row.version}".strip()


def _find_entries(ctx: click.Context) -> Iterator[tuple[str, str]]:
    with _open_studio(ctx) as studio:
        for entry in studio.catalog.search():
            yield entry.name, entry.title


def _find_models(ctx: click.Context) -> Iterator[tuple[str, str]]:
    with _open_studio(ctx) as studio:
        for row in studio.models.library.list_models():
            yield row.reference, row.problem


def _read_graph(ctx: click.Context) -> dict[str, Any]:
    """Return the document of the graph that stands in the line already."""
    path = ctx.params.get("graph") or ctx.args[0]  # click has not assigned it yet behind an option without its value
    with Path(path).open("rb") as file:
        found = json.loads(file.read(_LONGEST_GRAPH))
    return found if isinstance(found, dict) else {}


def _find_inputs(ctx: click.Context) -> Iterator[tuple[str, str]]:
    for name, one in _read_graph(ctx)["inputs"].items():
        yield f"{name}=", str(one.get("description") or one.get("type"))


def _find_outputs(ctx: click.Context) -> Iterator[tuple[str, str]]:
    for name, one in _read_graph(ctx)["outputs"].items():
        yield name, str(one.get("description", ""))


def _find_devices(_: click.Context) -> Iterator[tuple[str, str]]:
    from studio.runtime.devices import count_cuda

    yield from (("auto", "the best that is there"), ("cpu", ""), ("mps", "Apple's GPU"))
    yield from ((f"cuda:{number}", "") for number in range(count_cuda()))


complete_node_types = _complete(_find_node_types)
complete_plugins = _complete(_find_plugins)
complete_models = _complete(_find_models)
complete_entries = _complete(_find_entries)
complete_inputs = _complete(_find_inputs)
complete_outputs = _complete(_find_outputs)
complete_devices = _complete(_find_devices)
