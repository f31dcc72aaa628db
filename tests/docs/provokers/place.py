"""A place to provoke errors in: a folder, the command line and a Studio; and the table of provokers."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from studio.api import Image, ImageType
from studio.app import RunResult, Studio, read_settings
from studio.errors import Finding, GraphError, StudioError

Provoker = Callable[["Place"], Any]
PROVOKERS: dict[str, Provoker] = {}
"""By code: what provokes the error. It raises it, or returns it with others: as errors, findings or JSON rows."""


def provokes(code: str) -> Callable[[Provoker], Provoker]:
    """Enter a function in the table."""

    def enter(function: Provoker) -> Provoker:
        assert code not in PROVOKERS, code
        PROVOKERS[code] = function
        return function

    return enter


class Place:
    """A current folder of its own, with a cache and nothing else of the user's.

    Attributes:
        folder: The folder, which is the current one.
        patch: Changes things until the test ends.
        contexts: Contexts that are closed at the end.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch
        self.contexts: list[Any] = []
        patch.chdir(folder)
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(folder / name.lower()))
        patch.delenv("STUDIO_CONFIG", raising=False)

    def command(self, *words: str) -> None:
        """Use the command line; errors are raised."""
        command = importlib.import_module(f"studio.cli.{words[0]}_command").command
        assert isinstance(command, click.Command)
        command.main(list(words[1:]), prog_name="studio", standalone_mode=False)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def write_graph(self, name: str, nodes: Mapping[str, Any], **more: Any) -> Path:
        """Write a graph; its first node's first output is its output, unless outputs are given."""
        import json

        return self.write(name, json.dumps(build_graph(nodes, **more)))

    def write_image(self, name: str, width: int = 4, height: int = 3, channels: int = 3) -> Path:
        """Write an image."""
        path = self.folder / name
        ImageType().write_file(Image(np.full((height, width, channels), 0.5, np.float32)), path, None)
        return path

    def open(self, *plugins: tuple[str, Any], **more: Any) -> Studio:
        """Return a Studio with the installed plugins and further ones."""
        settings = {name: more.pop(name) for name in list(more) if name not in ("on_disk", "discover", "executor")}
        settings.setdefault("cache_dir", self.folder / "cache")
        return Studio(read_settings(device="cpu", **settings), plugins=plugins, **{"on_disk": False, **more})

    def call(self, node_type: str, ctx: Any, *args: Any, **inputs: Any) -> Any:
        """Call the function of a node type, wherever it is; the context is closed at the end."""
        self.contexts.append(ctx)
        with self.open() as studio:
            return studio.registry.node_types[node_type].function(ctx, *args, **inputs)

    def validate(self, nodes: Mapping[str, Any], **more: Any) -> list[Finding]:
        """Return the findings of a graph."""
        with self.open() as studio:
            return studio.validate(studio.load(build_graph(nodes, **more)))

    def run(
        self, nodes: Mapping[str, Any], inputs: Mapping[str, Any] | None = None, *, plugins: Any = (), **more: Any
    ) -> list[StudioError]:
        """Return the errors of a run."""
        options = {name: more.pop(name) for name in ("output", "only", "node_timeout_seconds") if name in more}
        with self.open(*plugins) as studio:
            result: RunResult = studio.run(build_graph(nodes, **more), inputs, **options)
        return result.errors


def build_graph(nodes: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a graph document; nodes are written as (type, inputs) or as they are."""
    built = {
        name: {"type": given[0], "inputs": given[1]} if isinstance(given, tuple) else given
        for name, given in nodes.items()
    }
    outputs = {"o": {"from": next(iter(nodes))}} if nodes else {}
    return {"studio": 1, "nodes": built, "outputs": outputs, **more}


def find_messages(code: str, place: Place) -> list[str]:
    """Provoke an error and return its messages, with and without what stands before them in a listing."""
    try:
        found = PROVOKERS[code](place)
    except GraphError as error:
        found = error.findings
    except StudioError as error:
        found = error
    finally:
        for context in place.contexts:
            context.close()
    texts = [text for row in _flatten(found) for text in _list_texts(row, code)]
    return [text.replace(f"{place.folder}/", "") for text in texts]


def _flatten(found: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(found, GraphError):
        found = found.findings
    if isinstance(found, StudioError | Finding):
        return [found.to_json()]
    if isinstance(found, Mapping):
        return [found]
    return [row for entry in found or () for row in _flatten(entry)]


def _list_texts(row: Mapping[str, Any], code: str) -> list[str]:
    if row["code"] != code:
        return []
    message, where = str(row["message"]), str(row["where"])
    texts = [message, f"{where}: {message}"]
    if message.startswith("node '") and "): " in message:
        texts.append(message.partition("): ")[2])
    return texts
