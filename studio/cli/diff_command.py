"""`studio diff`: in what two results differ, and what made the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.app import Studio
from studio.cli.answer import answer, find_answer
from studio.cli.main import DONE, FAILED, INVALID
from studio.cli.messages import show_failure
from studio.cli.options import cache_options, create_studio, json_option
from studio.cli.parameter_types import PathType
from studio.errors import GraphError, StudioError, UsageError

if TYPE_CHECKING:
    from studio.cli.diff_sides import Side, SideLoader
    from studio.provenance.difference import Difference, Made
    from studio.provenance.file_comparison import FileComparison

_MOST_NAMES = 10


@dataclass(frozen=True)
class _File:
    """Two files of one name; `made` is what made them different, None if that is not known."""

    name: str
    comparison: FileComparison
    made: Sequence[Difference] | None

    @property
    def is_same(self) -> bool:
        """Whether neither the files differ nor what made them."""
        return self.comparison.standing == "same" and not self.made


@dataclass(frozen=True)
class _Result:
    made: Sequence[Difference] | None
    files: Sequence[_File]
    only: tuple[Sequence[str], Sequence[str]]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs but names."""
        parts = [self.made or (), *(file.made or () for file in self.files)]
        named = all(one.is_name for differences in parts for one in differences)
        return named and not any(self.only) and all(file.comparison.standing == "same" for file in self.files)


@click.command("diff")
@click.argument("a", type=PathType())
@click.argument("b", type=PathType())
@json_option
@cache_options
def command(a: Path, b: Path, as_json: bool, **engine: Any) -> int:
    """Compare A and B: nodes, inputs, files, models, code, device and pixels.

    A and B are two graphs, two files that Studio wrote, two manifests, or two output folders, whose files are paired
    by name. A graph may also be compared with a file or a manifest. Only the causes of a difference are listed, not its
    consequences. Other ids of nodes or names of files are not a difference.

    Images and frames are compared by PSNR (40 dB and more is hard to see), audio by SNR, A being the signal.

    Exit codes: 0 equal, 1 different, 2 an error.
    """
    from studio.cli.diff_sides import SideLoader

    try:
        with create_studio(**engine) as studio:
            loader = SideLoader(studio)
            result = _compare(studio, loader, loader.load(a), loader.load(b))
    except (GraphError, UsageError):
        raise
    except StudioError as error:  # whose exit code would be 1, which means a difference here
        show_failure(error, find_answer())
        return INVALID
    if as_json:
        _print(result, a, b)
    else:
        _show(result)
    return DONE if result.is_same else FAILED


def _compare(studio: Studio, loader: SideLoader, a: Side, b: Side) -> _Result:
    if a.is_folder != b.is_folder:
        folder, other = (a, b) if a.is_folder else (b, a)
        message = f"{str(folder.path)!r} is a folder, and {str(other.path)!r} is not"
        raise UsageError("E026", message, hint="name two folders, or a file in each")
    made = _find_differences(studio, a.made, b.made)
    if not (a.files and b.files):
        return _Result(made, (), ((), ()))
    names = [name for name in a.files if name in b.files]
    only = [name for name in a.files if name not in b.files], [name for name in b.files if name not in a.files]
    return _Result(made, [_compare_files(studio, loader, a, b, name) for name in names], only)


def _find_differences(studio: Studio, a: Made | None, b: Made | None) -> list[Difference] | None:
    from studio.provenance.difference import find_differences

    def find_parts(fingerprint: str) -> Mapping[str, str]:
        """Return what a fingerprint was made of, if the cache still has its result."""
        with suppress(StudioError):  # a cache that cannot be read knows nothing
            action = studio.cache.disk.table.find(fingerprint) if studio.cache.disk is not None else None
            return action.parts if action is not None else {}
        return {}

    if a is None or b is None:
        return None
    return find_differences(a, b, studio.registry.node_types, find_parts)


def _compare_files(studio: Studio, loader: SideLoader, a: Side, b: Side, name: str) -> _File:
    from studio.provenance.file_comparison import compare_two_files

    one, two = a.files[name], b.files[name]
    comparison = compare_two_files(one, two, studio.registry.value_types.values(), studio.settings.media)
    made: list[Difference] | None = []
    if a.is_folder and comparison.detail != "same bytes":
        parts = [loader.describe_file(side.files[name], side.path, side.records.get(name)) for side in (a, b)]
        made = _find_differences(studio, parts[0], parts[1])
    return _File(name, comparison, made)


# -- what is shown -----------------------------------------------------------------------------------------


def _show(result: _Result) -> None:
    for name, names in zip("AB", result.only, strict=True):
        if names:
            click.echo(f"only in {name}: {_list_names(names)}")
    if result.made is None and any(not file.name for file in result.files):
        click.echo("not both say what made them")
    _show_differences(result.made or ())
    changed = [file for file in result.files if not file.is_same]
    for differences, files in _group_files(changed).items():
        _show_differences(differences)
        for file in files:
            _show_file(file)
    _show_same(result, len(result.files) - len(changed))


def _group_files(files: Sequence[_File]) -> dict[tuple[Difference, ...], list[_File]]:
    """Return the files by what made them different."""
    groups: dict[tuple[Difference, ...], list[_File]] = {}
    for file in files:
        groups.setdefault(tuple(file.made or ()), []).append(file)
    return groups


def _show_file(file: _File) -> None:
    shown = click.style(file.comparison.detail, fg="yellow" if file.comparison.standing == "differs" else None)
    click.echo(f"{file.name}: {shown}" if file.name else shown)


def _show_same(result: _Result, count: int) -> None:
    if result.is_same:
        click.echo(_describe_same(result))
    elif count:
        click.echo(f"{count} files are the same" if count > 1 else "1 file is the same")


def _describe_same(result: _Result) -> str:
    parts = sorted({file.comparison.detail for file in result.files})
    if result.made is not None:
        parts.append("graph and values, but for names" if result.made else "graph and values")
    return f"same: {', '.join(parts)}" if parts else "same: no files"


def _show_differences(differences: Sequence[Difference]) -> None:
    width = max((len(one.node) for one in differences), default=0)
    for one in differences:
        head = f"{click.style(one.node.ljust(width), bold=True)}  " if width else ""
        click.echo(head + _describe(one))


def _describe(one: Difference) -> str:
    if one.is_name:
        return f"is named {one.b} in B, and makes the same"
    if not one.part:
        return f"only in {'A' if one.a else 'B'} ({one.a or one.b})"
    return f"{one.part}: {one.a or 'nothing'} in A, {one.b or 'nothing'} in B"


def _list_names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _print(result: _Result, a: Path, b: Path) -> None:
    def describe(differences: Sequence[Difference] | None) -> list[dict[str, str]] | None:
        return None if differences is None else [one.to_json() for one in differences]

    files = [
        {"name": file.name, **file.comparison.to_json(), "differences": describe(file.made)} for file in result.files
    ]
    answer(
        {
            "a": str(a),
            "b": str(b),
            "same": result.is_same,
            "differences": describe(result.made),
            "files": files,
            "only_in_a": list(result.only[0]),
            "only_in_b": list(result.only[1]),
        }
    )
