"""`studio verify`: check written files, and make a sample of them again."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.cli.answer import answer
from studio.cli.main import DONE, FAILED
from studio.cli.options import create_studio, engine_options, json_option
from studio.cli.parameter_types import PathType
from studio.errors import UsageError

if TYPE_CHECKING:
    from studio.provenance.check import CheckedFile
    from studio.provenance.record import FileRecord
    from studio.replay import Replay

_COLORS = {"sound": "green", "same": "green", "close": "green", "extra": "yellow", "leftover": "yellow"}
_BAD = ("changed", "missing", "unreadable")
_UNRECORDED = ("extra", "leftover")


@click.command("verify")
@click.argument("path", type=PathType())
@click.option(
    "--replay", type=click.IntRange(min=0), default=0, metavar="N", help="Make N random files again and compare them."
)
@click.option("--seed", type=int, metavar="N", help="Seed that chooses the random files; the command prints it.")
@click.option("--strict", is_flag=True, help="Count unrecorded files as failures.")
@json_option
@click.option("--root", "roots", multiple=True, type=PathType(exists=True, file_okay=False),
              help="Another folder that the graphs may read. May be repeated.")  # fmt: skip
@engine_options
def command(
    path: Path,
    replay: int,
    seed: int | None,
    strict: bool,
    as_json: bool,
    roots: tuple[Path, ...],
    **engine: Any,
) -> int:
    """Check the files in PATH, an output folder or one file in it.

    Each file is compared with its digest in the manifests and the ledger of the folder. Missing, changed and unrecorded
    files are listed. For a single file, the graph in it is checked too.

    With --replay, N random files are made again without the cache and compared. Files from other builds of Studio,
    plugins or libraries than the installed ones are counted, and the differences are listed.

    Exit codes: 0 unchanged, 1 missing, changed or different files, 2 nothing to check.
    """
    from studio.replay import choose_sample

    single = not path.is_dir()
    folder, recorded, checked = _check_one(path, engine) if single else _check_folder(path)
    builds = _count_builds(recorded.values(), engine)
    seed = secrets.randbelow(2**31) if seed is None else seed
    sample = choose_sample([row.name for row in checked if row.state == "sound"], replay, seed)
    replays = _replay(folder, recorded, sample, roots, engine) if sample else []
    if as_json:
        _print_rows(checked, replays, seed, builds)
    else:
        _show(checked, replays, replay, seed)
        _show_builds(builds)
    return FAILED if _is_bad(checked, strict=strict) or not all(row.good for row in replays) else DONE


def _is_bad(checked: list[CheckedFile], *, strict: bool) -> bool:
    bad = (*_BAD, *_UNRECORDED) if strict else _BAD
    return any(row.state in bad for row in checked)


def _count_builds(records: Iterable[FileRecord], engine: dict[str, Any]) -> Counter[tuple[str, ...]]:
    """Count the files by the ways in which the builds that made them differ from those that are installed."""
    from studio.provenance.builds import compare_builds

    known = [record.builds for record in records if record.builds]
    if not known:
        return Counter()
    with create_studio(**engine, on_disk=False) as studio:
        now = studio.builds
    found: dict[int, tuple[str, ...]] = {}  # files of one run share their builds
    for builds in known:
        if id(builds) not in found:
            found[id(builds)] = tuple(compare_builds(builds, now))
    return Counter(found[id(builds)] for builds in known)


def _show_builds(builds: Counter[tuple[str, ...]]) -> None:
    for differences, count in builds.items():
        if differences:
            files = "1 file" if count == 1 else f"{count} files"
            click.echo(f"made by another build: {files}: {'; '.join(differences)}")


def _print_rows(checked: list[CheckedFile], replays: list[Replay], seed: int, builds: Counter[tuple[str, ...]]) -> None:
    files, again = [row.to_json() for row in checked], [row.to_json() for row in replays]
    made = [{"files": count, "differences": list(differences)} for differences, count in builds.items()]
    answer({"files": files, "seed": seed, "replays": again, "builds": made})


def _check_folder(path: Path) -> tuple[Path, dict[str, FileRecord], list[CheckedFile]]:
    from studio.batch.own_files import REMAKABLE
    from studio.batch.records import read_ledger
    from studio.provenance.check import check_files, read_records

    records = read_records(path, [read_ledger])
    if not records.files and not records.problems and not records.open:
        raise UsageError(
            "E756",
            f"{str(path)!r} is not an output folder: it has no manifest and no ledger",
            hint="name the folder that was given with -o DIR, or a single file",
        )
    rows = [row for row in check_files(path, records.files, REMAKABLE) if row.name not in records.open]
    return path, records.files, [*records.problems, *rows]


def _check_one(path: Path, engine: dict[str, Any]) -> tuple[Path, dict[str, FileRecord], list[CheckedFile]]:
    """Check a single file: its digest, if a folder above it records one, and the graph that it contains."""
    from studio.batch.records import read_ledger
    from studio.provenance.check import CheckedFile, FileState, check_files, find_record
    from studio.replay import check_recipe

    found = find_record(path, [read_ledger])
    if found is None and not path.exists():
        raise UsageError("E756", f"{str(path)!r} does not exist", hint="name an output folder, or a file in one")
    root, record = found or (path.parent, None)
    name = path.absolute().relative_to(root.absolute()).as_posix()
    recorded = {name: record} if record else {}
    row = next(check_files(root, recorded)) if recorded else None
    if row is None or row.state == FileState.SOUND:
        with create_studio(**engine) as studio:
            detail = check_recipe(studio, path, record)
        row = CheckedFile(name, FileState.CHANGED if detail else FileState.SOUND, detail)
    return root, recorded, [row]


def _replay(
    folder: Path, recorded: dict[str, FileRecord], names: Iterable[str], roots: tuple[Path, ...], engine: Any
) -> list[Replay]:
    from studio.replay import replay_file

    with create_studio(**engine, on_disk=False) as studio:
        return [replay_file(studio, folder / name, recorded.get(name), roots=roots) for name in names]


def _show(checked: list[CheckedFile], replays: list[Replay], wanted: int, seed: int) -> None:
    lines: list[tuple[str, str, str]] = []
    lines += [(row.state, row.name, row.detail) for row in checked if row.state != "sound"]
    lines += [(row.state, str(row.path), row.detail) for row in replays]
    for standing, name, detail in lines:
        click.echo(f"{click.style(standing, fg=_COLORS.get(standing, 'red'))}: {name}  {detail}".rstrip())
    counts = Counter(row.state for row in checked)
    click.echo(", ".join(f"{count} {standing}" for standing, count in sorted(counts.items(), key=_order)))
    if wanted:
        good = sum(row.good for row in replays)
        click.echo(f"{good} of {len(replays)} came out the same when made again (--seed {seed})")


def _order(entry: tuple[str, int]) -> int:
    return ("sound", "changed", "missing", "unreadable", "extra", "leftover").index(entry[0])
