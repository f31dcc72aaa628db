"""Options that several commands share, and what they mean."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from studio.api import TypeSpec
from studio.app import InputFile, Studio, read_settings
from studio.cli.answer import note_json
from studio.cli.parameter_types import FiniteRange, PathType
from studio.cli.shell_values import complete_devices, complete_inputs
from studio.errors import UsageError
from studio.graph import Graph
from studio.graph.declared_inputs import parse_declared_type
from studio.graph.document import is_file, is_pattern
from studio.graph.frames import FramesProblem
from studio.graph.parse import read_graph
from studio.graph.paths import InputPattern
from studio.graph.pattern import find_names
from studio.graph.text_values import DuplicateKeyProblem, build_object, expand_user, is_read_from_file, read_text
from studio.runtime.devices import DTYPE_WORDS
from studio.runtime.lean_imports import install_lean_imports
from studio.settings import parse_bytes

F = TypeVar("F", bound=Callable[..., Any])

_LONGEST_TEXT = 64 * 2**20


class BytesType(click.ParamType[int]):
    """A size such as 512MiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the size in bytes."""
        try:
            return parse_bytes(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def engine_options(function: F) -> F:
    """Add the options that say how a Studio is set up."""
    return _add_engine_options(function, ("device", "dtype", "cache_dir", "cache_url", "plugins_dir"))


def cache_options(function: F) -> F:
    """Add those of them that a command uses which reads the cache and runs nothing."""
    return _add_engine_options(function, ("cache_dir", "cache_url", "plugins_dir"))


def plugins_options(function: F) -> F:
    """Add those of them that a command uses which only asks what is installed."""
    return _add_engine_options(function, ("plugins_dir",))


def _add_engine_options(function: F, used: Collection[str]) -> F:
    """Add the options; those that do nothing for the command are taken, so that lines can be alike, and not shown."""
    options: dict[str, dict[str, Any]] = {
        "device": {
            "metavar": "DEVICE",
            "shell_complete": complete_devices,
            "help": "Device to run on: auto, cpu, cuda, cuda:N or mps.",
        },
        "dtype": {
            "type": click.Choice(DTYPE_WORDS),
            "metavar": "[auto|float32|float16|bfloat16]",
            "help": "Floating-point precision of models, also fp32, fp16, bf16; auto depends on the device.",
        },
        "cache_dir": {"type": PathType(), "help": "Folder of the cache."},
        "cache_url": {
            "metavar": "URL",
            "help": "Cache shared between machines: s3://BUCKET/PREFIX or file:///FOLDER.",
        },
        "plugins_dir": {"type": PathType(), "help": "Folder with more plugins."},
    }
    for name, declared in options.items():
        option = click.option(f"--{name.replace('_', '-')}", hidden=name not in used, **declared)
        function = option(function)
    return function


timeout_option = click.option(
    "--timeout",
    type=FiniteRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Longest time of one call of a node; a node with a call that takes longer fails.",
)
download_option = click.option("--download", is_flag=True, help="Download missing models from the hub.")


def cache_use_options(function: F) -> F:
    """Add the options that say how a run uses the cache."""
    refresh = click.option("--refresh", is_flag=True, help="Run every node, and replace its results in the cache.")
    return click.option("--no-cache", is_flag=True, help="Do not use the cache.")(refresh(function))


def credential_options(function: F) -> F:
    """Add the options that say whether files are signed, and how much they tell."""
    strip = click.option("--strip", is_flag=True, help="Write files without the graph and its values.")
    sign = click.option("--sign/--no-sign", default=None, help="Sign the files, or do not.")
    return sign(strip(function))


def memory_options(function: F) -> F:
    """Add the options that bound memory."""
    for option in (
        click.option(
            "--ram", "ram_bytes", type=BytesType(), metavar="SIZE", help="Memory for models on the CPU, such as 8GiB."
        ),
        click.option(
            "--vram",
            "vram_bytes",
            type=BytesType(),
            metavar="SIZE",
            help="Memory for models on the GPU, such as 20GiB.",
        ),
        click.option(
            "--memory",
            "memory_bytes",
            type=BytesType(),
            metavar="SIZE",
            help="Memory for results of nodes, such as 2GiB.",
        ),
    ):
        function = option(function)
    return function


def input_options(function: F) -> F:
    """Add the options that give a graph its inputs."""
    function = click.option(
        "--root",
        "roots",
        multiple=True,
        type=PathType(exists=True, file_okay=False),
        help="Another folder that the graph may read. May be repeated.",
    )(function)
    return click.option(
        "--set",
        "-s",
        "pairs",
        multiple=True,
        metavar="NAME=VALUE",
        shell_complete=complete_inputs,
        help="Value of an input; NAME=@PATH reads a file, NAME=@'frames/*.png' several. May be repeated.",
    )(function)


def json_option(function: F) -> F:
    """Add the option `--json`; what the command answers is then one JSON object."""
    help_text = "Answer as one JSON object."
    return click.option("--json", "as_json", is_flag=True, callback=note_json, help=help_text)(function)


def create_studio(
    device: str | None,
    cache_dir: Path | None,
    plugins_dir: Path | None,
    *,
    dtype: str | None = None,
    on_disk: bool = True,
    import_plugins: bool = False,
    sign: bool | None = None,
    strip: bool = False,
    **more: Any,
) -> Studio:
    """Return the Studio that the options ask for; libraries are then imported lean, as the process is Studio's own."""
    install_lean_imports()
    settings = read_settings(device=device, dtype=dtype, cache_dir=cache_dir, plugins_dir=plugins_dir, **more)
    known = settings.credentials
    credentials = replace(known, sign=known.sign if sign is None else sign, strip=known.strip or strip)
    settings = replace(settings, credentials=credentials)
    return Studio(settings, on_disk=on_disk, import_plugins=import_plugins)


def load_graph_argument(studio: Studio, path: Path) -> tuple[Graph, dict[str, Any]]:
    """Return the graph that a command was given, and the values that it carries; `-` is the standard input."""
    if str(path) == "-":
        return read_graph(sys.stdin.buffer, max_bytes=studio.settings.max_graph_bytes), {}
    return studio.load(path), studio.load_values(path)


def load_graph_with_inputs(studio: Studio, path: Path, pairs: Sequence[str]) -> tuple[Graph, dict[str, Any]]:
    """Return the graph that a command was given, and the values of its inputs: those it carries, and `NAME=VALUE`."""
    graph, carried = load_graph_argument(studio, path)
    return graph, {**carried, **parse_inputs(graph, pairs)}


def parse_inputs(graph: Graph, pairs: Sequence[str]) -> dict[str, Any]:
    """Turn `NAME=VALUE` into values, as the graph's inputs declare them.

    Raises:
        UsageError: E005 if a pair has no name or its file cannot be read.
    """
    declared = graph.document.inputs
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError("E005", f"{pair!r} gives no input a value", hint="write --set NAME=VALUE")
        spec = parse_declared_type(declared[name]) if name in declared else TypeSpec("json")
        try:
            values[name] = _parse_value(spec, text)
        except DuplicateKeyProblem as problem:
            raise UsageError("E005", f"{problem} in the value of {name!r}", hint="keep one of the two") from None
    return values


def _parse_value(spec: TypeSpec, text: str) -> Any:
    """Return what a text means at an input; @ names a file, and @@ begins a text with @."""
    if is_read_from_file(spec):
        return _parse_files(spec, text)
    if not text.startswith("@"):
        return read_text(text, spec)
    if text.startswith("@@") and spec.name in ("text", "choice") and not spec.depth:
        return read_text(text[1:], spec)
    if spec.depth or spec.name in ("text", "json", "choice"):
        return _read_file(text[1:])
    return InputFile(Path(expand_user(text[1:])))


def _parse_files(spec: TypeSpec, text: str) -> Any:
    """Return the files that a text names, seen from the current folder; a list of them may be JSON or a JSON file."""
    if spec.depth and text.startswith("@") and text.endswith(".json"):
        return _read_file(text[1:])
    value = read_text(text.removeprefix("@"), spec)
    if is_file(value):
        return InputFile(Path(value["file"]))
    if not is_pattern(value) or text.lstrip().startswith("{"):
        return value
    try:
        names = find_names(Path(), value["files"])
    except FramesProblem:
        names = []  # the binder reports it
    return [InputFile(Path(name)) for name in names] if names else InputPattern(value["files"])


def _read_file(name: str) -> Any:
    """Return what a text file or a JSON file means at an input."""
    path = Path(expand_user(name))
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST_TEXT + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            "E005", f"cannot read {str(path)!r}: {reason}", hint="@ names a file; @@ begins a text with @"
        ) from None
    except ValueError as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "is not a path"
        raise UsageError("E005", f"{str(path)!r} {reason}", hint="@ at this input reads a text file") from None
    if len(text) > _LONGEST_TEXT:
        message = f"{str(path)!r} has more than {_LONGEST_TEXT} characters"
        raise UsageError("E005", message, hint="@ at this input reads a text file")
    if path.suffix == ".json":
        try:
            return json.loads(text, object_pairs_hook=build_object)
        except (ValueError, RecursionError) as error:
            raise UsageError("E005", f"{str(path)!r} is not JSON: {error}", hint="check the file") from None
    return text
