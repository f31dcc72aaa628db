"""Options that several commands share, and what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from studio.app import InputFile, Studio, read_settings
from studio.cli.messages import JSON_OPTION
from studio.errors import UsageError
from studio.graph import Graph
from studio.graph.pattern import find_names
from studio.settings import parse_bytes

F = TypeVar("F", bound=Callable[..., Any])

_DTYPES = {"auto": "auto", "fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
_FILE_TYPES = ("file", "image", "mask", "audio", "video")
_FILE_LISTS = tuple(f"list[{name}]" for name in _FILE_TYPES)
_BOOLS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def engine_options(function: F) -> F:
    """Add the options that say how a Studio is set up."""
    for option in (
        click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps."),
        click.option(
            "--dtype",
            type=click.Choice(list(_DTYPES)),
            help="Numbers that networks compute in; auto chooses by the device.",
        ),
        click.option("--cache-dir", type=click.Path(path_type=Path), help="Folder of the cache."),
        click.option(
            "--cache-url", metavar="URL", help="Cache that other machines use too: s3://bucket/prefix, file:///..."
        ),
        click.option("--plugins-dir", type=click.Path(path_type=Path), help="Folder with further plugins."),
    ):
        function = option(function)
    return function


def input_options(function: F) -> F:
    """Add the options that give a graph its inputs."""
    function = click.option(
        "--root",
        "roots",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="A further folder that the graph may read. May be repeated.",
    )(function)
    return click.option(
        "--set",
        "-s",
        "pairs",
        multiple=True,
        metavar="NAME=VALUE",
        help="Give an input a value; NAME=@PATH reads a file, or those that fit frames/*.png. May be repeated.",
    )(function)


def json_option(description: str) -> Callable[[F], F]:
    """Return the option `--json`, which also decides in which form a wrong graph is shown."""

    def note(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
        ctx.meta[JSON_OPTION] = ctx.meta.get(JSON_OPTION, False) or value
        return value

    return click.option("--json", "as_json", is_flag=True, callback=note, help=description)


def create_studio(
    device: str | None,
    cache_dir: Path | None,
    plugins_dir: Path | None,
    *,
    dtype: str | None = None,
    on_disk: bool = True,
    **more: Any,
) -> Studio:
    """Return the Studio that the options ask for."""
    numbers = _DTYPES[dtype] if dtype else None
    settings = read_settings(device=device, dtype=numbers, cache_dir=cache_dir, plugins_dir=plugins_dir, **more)
    return Studio(settings, on_disk=on_disk)


def parse_inputs(graph: Graph, pairs: Sequence[str]) -> dict[str, Any]:
    """Turn `NAME=VALUE` into values, as the graph's inputs declare them.

    Raises:
        UsageError: E005 if a pair has no name.
    """
    types = {name: declared.type for name, declared in graph.document.inputs.items()}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError("E005", f"{pair!r} gives no input a value", hint="write --set NAME=VALUE")
        values[name.strip()] = _parse_value(types.get(name.strip(), "json"), text)
    return values


def _parse_value(kind: str, text: str) -> Any:
    if kind in _FILE_LISTS and not text.startswith(("[", "{")) and not text.endswith(".json") and text != "null":
        return _find_files(text.removeprefix("@"))
    if text.startswith("@@") and kind in ("text", "choice"):
        return text[1:]  # a text that begins with @
    if text.startswith("@"):
        path = Path(text[1:]).expanduser()
        return _read_text(path) if kind in ("text", "json", "choice") or kind.startswith("list[") else InputFile(path)
    if kind in ("text", "model"):
        return text
    if kind == "bool" and text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    if kind in ("choice",):
        return text
    if kind in _FILE_TYPES:
        return InputFile(Path(text).expanduser())
    try:
        return json.loads(text, parse_constant=lambda word: word)
    except (ValueError, RecursionError):
        return text


def _find_files(pattern: str) -> list[InputFile]:
    """Return the files of a folder that fit a pattern, such as frames/*.png, seen from the current folder."""
    names = find_names(Path(), str(Path(pattern).expanduser()))
    if not names:
        raise UsageError("E129", f"no file fits {pattern!r}", hint="quote it; in the name * stands for anything")
    return [InputFile(Path(name)) for name in names]


def _read_text(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            "E005", f"cannot read {str(path)!r}: {reason}", hint="@ names a file; @@ begins a text with @"
        ) from None
    except UnicodeDecodeError:
        raise UsageError("E005", f"{str(path)!r} is not UTF-8 text", hint="@ at this input reads a text file") from None
    if path.suffix == ".json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError("E005", f"{str(path)!r} is not JSON: {error}", hint="check the file") from None
    return text


class BytesType(click.ParamType[int]):
    """A size such as 512MiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the size in bytes."""
        try:
            return parse_bytes(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)
