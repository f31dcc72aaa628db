"""What an output folder records of its files, in manifests and in a ledger; and what a single file carries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from studio.app import Studio
from studio.batch.item import ItemState
from studio.batch.ledger import LEDGER_NAME, Ledger
from studio.batch.replay import load_recipe
from studio.batch.spec import BatchSpec
from studio.errors import StudioError
from studio.execution.verify import CheckedFile, RecordedFile, read_recorded

IGNORED = ("gallery.html", "gallery_files", "contact_sheets")
"""What a batch writes beside its items' files; it can be made again from the ledger."""


@dataclass
class Records:
    """What an output folder records.

    Attributes:
        files: Files by name, the newest record of each.
        problems: Records that cannot be read.
        open: Names of files whose items are still to be done, or are no longer in the table.
    """

    files: dict[str, RecordedFile]
    problems: list[CheckedFile] = field(default_factory=list)
    open: set[str] = field(default_factory=set)


def read_records(folder: Path) -> Records:
    """Return the files that the manifests and the ledger of a folder record."""
    records = Records(*read_recorded(folder))
    if (folder / LEDGER_NAME).is_file():
        try:
            _read_ledger(folder, records)
        except (StudioError, ValueError, TypeError, KeyError) as error:
            records.problems.append(CheckedFile(LEDGER_NAME, "unreadable", str(error)))
    return records


def _read_ledger(folder: Path, records: Records) -> None:
    with Ledger(folder) as ledger:
        spec = BatchSpec.from_json(ledger.describe()["spec"])
        for row in ledger.items(states=ItemState):
            seen: Counter[str] = Counter()
            for made in row.outputs:
                if row.state not in ("done", "failed"):
                    records.open.add(made.path)
                else:
                    records.files[made.path] = RecordedFile(
                        made.path,
                        made.digest,
                        made.bytes,
                        made.output,
                        f"{LEDGER_NAME}, item {row.name!r}",
                        spec.graph,
                        spec.base,
                        row.values,
                        seen[made.output],
                        spec.roots,
                    )
                seen[made.output] += 1


def find_record(path: Path) -> RecordedFile | None:
    """Return what a folder above a file records of it, or None."""
    place = path.absolute()
    for folder in place.parents:
        if (folder / ".studio").is_dir():
            name = place.relative_to(folder).as_posix()
            return read_records(folder).files.get(name)
    return None


def check_carried(studio: Studio, path: Path, record: RecordedFile | None) -> str:
    """Return what is wrong with the graph that a file carries, or with the files it was made from; "" if nothing is."""
    try:
        recipe = load_recipe(studio, path, record)
        studio.plan(recipe.graph, recipe.values)
    except StudioError as error:
        return str(error)
    return ""
