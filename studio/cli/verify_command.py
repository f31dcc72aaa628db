"""`studio verify`: say what is known of files, and make a sample of them again."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.cli.answer import answer
from studio.cli.main import DONE, FAILED, INVALID
from studio.cli.messages import show_warning
from studio.cli.options import create_studio, engine_options, json_option
from studio.cli.parameter_types import PathType
from studio.errors import UsageError

if TYPE_CHECKING:
    from studio.app import Studio
    from studio.provenance.check import CheckedFile
    from studio.provenance.inspection import InspectedFile
    from studio.provenance.record import FileRecord
    from studio.replay import Replay

_BAD = ("changed", "missing", "stale", "unreadable")
_BAD_VERDICTS = ("changed", "invalid")
_UNRECORDED = ("extra", "leftover")


@dataclass(frozen=True)
class _Checked:
    """What was found.

    Attributes:
        folder: The output folder, or the folder of the single file.
        recorded: The records, by the files' names in the folder.
        files: What is known of each file.
        builds: How many files were made by builds that differ from the installed ones in the same ways.
    """

    folder: Path
    recorded: dict[str, FileRecord]
    files: list[InspectedFile]
    builds: Counter[tuple[str, ...]]


@click.command("verify")
@click.argument("path", type=PathType())
@click.option(
    "--replay", type=click.IntRange(min=0), default=0, metavar="N", help="Make N random files again and compare them."
)
@click.option("--seed", type=int, metavar="N", help="Seed that chooses the random files; the command prints it.")
@click.option("--strict", is_flag=True, help="Count unrecorded files as failures.")
@click.option("--tree", is_flag=True, help="Show the files that each signed file was made from, as a tree.")
@click.option("--show", "shows", is_flag=True, help="Show what is embedded in each file.")
@click.option("--detect", is_flag=True, help="List the evidence of where each file comes from, with its strength.")
@json_option
@click.option("--root", "roots", multiple=True, type=PathType(exists=True, file_okay=False),
              help="Another folder that the graphs may read. May be repeated.")  # fmt: skip
@engine_options
def command(
    path: Path,
    replay: int,
    seed: int | None,
    strict: bool,
    tree: bool,
    shows: bool,
    detect: bool,
    as_json: bool,
    roots: tuple[Path, ...],
    **engine: Any,
) -> int:
    """Say what is known of PATH, an output folder or one file from anywhere.

    Each file is compared with its digest in the manifests and the ledger of the folder. Missing, changed and unrecorded
    files are listed. The signature in a file, or beside it, is checked, whoever signed it. For a single file, the graph
    in it is checked too.

    With --replay, N random files are made again without the cache and compared. Files from other builds of Studio,
    plugins or libraries than the installed ones are counted, and the differences are listed.

    Exit codes: 0 unchanged, 1 missing, changed, different or falsely signed files, 2 nothing to check, or nothing known
    of the file.
    """
    from studio.cli.verify_display import VerifyDisplay
    from studio.replay import choose_sample

    with create_studio(**engine) as studio:
        checked = _check(studio, path, detect=detect)
    seed = secrets.randbelow(2**31) if seed is None else seed
    sound = [one.facts.row.name for one in checked.files if one.facts.row.state == "sound"]
    names = [one.facts.row.name for one in checked.files] if not path.is_dir() and checked.recorded else sound
    sample = choose_sample(names, replay, seed)
    replays = _replay(checked, sample, roots, engine) if sample else []
    display = VerifyDisplay(tree=tree, shows=shows, detect=detect)
    if as_json:
        made = [{"files": count, "differences": list(differences)} for differences, count in checked.builds.items()]
        again = [row.to_json() for row in replays]
        answer(
            {"files": [display.describe(one) for one in checked.files], "seed": seed, "replays": again, "builds": made}
        )
    else:
        display.show(checked.files, replays, is_folder=path.is_dir())
        display.show_replays(replays, replay, seed)
        display.show_builds(checked.builds)
    return _choose_code(checked.files, replays, strict=strict, is_folder=path.is_dir())


def _choose_code(files: list[InspectedFile], replays: list[Replay], *, strict: bool, is_folder: bool) -> int:
    bad = (*_BAD, *_UNRECORDED) if strict else _BAD
    if any(one.facts.row.state in bad or one.verdict.kind in _BAD_VERDICTS for one in files):
        return FAILED
    if not all(row.good for row in replays):
        return FAILED
    return INVALID if not is_folder and all(one.verdict.kind == "unknown" for one in files) else DONE


def _check(studio: Studio, path: Path, *, detect: bool) -> _Checked:
    """Return what is known of the files."""
    from studio.provenance.builds import count_builds
    from studio.provenance.evidence import load_finders
    from studio.provenance.inspection import FileInspector

    folder, recorded, rows = _check_folder(path) if path.is_dir() else _check_one(path, studio)
    value_types = studio.registry.value_types.values()
    looks_for_marks = detect or studio.settings.mark != "off"
    finders = load_finders(studio.settings, show_warning) if looks_for_marks else ()
    inspector = FileInspector(studio.settings, value_types, finders, show_warning)
    files = [inspector.inspect(folder / row.name, row, _find_alteration(studio, folder, row, recorded)) for row in rows]
    known = [record.builds for record in recorded.values() if record.builds]
    return _Checked(folder, recorded, files, count_builds(known, studio.builds) if known else Counter())


def _find_alteration(studio: Studio, folder: Path, row: CheckedFile, recorded: dict[str, FileRecord]) -> str:
    """Return how much a changed file differs from what was written, if the cache still knows that."""
    from studio.provenance.alteration import describe_alteration

    if row.state != "changed" or row.name not in recorded:
        return ""
    value_types = studio.registry.value_types.values()
    return describe_alteration(
        folder / row.name, recorded[row.name], value_types, studio.cache.load, studio.settings.media
    )


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


def _check_one(path: Path, studio: Studio) -> tuple[Path, dict[str, FileRecord], list[CheckedFile]]:
    """Check a single file: its digest, if a folder above it records one, and then whether it can be made again."""
    from studio.batch.records import read_ledger
    from studio.provenance.check import CheckedFile, FileState, check_files, find_record
    from studio.replay import check_recipe

    found = find_record(path, [read_ledger])
    if found is None and not path.exists():
        raise UsageError("E756", f"{str(path)!r} does not exist", hint="name an output folder, or a file in one")
    root, record = found or (path.parent, None)
    name = path.absolute().relative_to(root.absolute()).as_posix()
    if record is None:
        return root, {}, [CheckedFile(name, FileState.EXTRA, "recorded nowhere")]
    row = next(check_files(root, {name: record}))
    if row.state == FileState.SOUND and (detail := check_recipe(studio, path, record)):
        row = CheckedFile(name, FileState.STALE, detail)
    return root, {name: record}, [row]


def _replay(checked: _Checked, names: Iterable[str], roots: tuple[Path, ...], engine: dict[str, Any]) -> list[Replay]:
    from studio.replay import replay_file

    with create_studio(**engine, on_disk=False) as studio:
        return [replay_file(studio, checked.folder / name, checked.recorded.get(name), roots=roots) for name in names]
