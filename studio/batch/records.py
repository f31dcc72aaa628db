"""What the ledger of a batch records of the files that the batch wrote."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from studio.batch.item import FINISHED_STATES, ItemState
from studio.batch.ledger import LEDGER_NAME, Ledger
from studio.batch.spec import BatchSpec
from studio.errors import StudioError
from studio.provenance.builds import parse_builds
from studio.provenance.check import CheckedFile, FileState, Records
from studio.provenance.record import FileRecord, Recipe


def read_ledger(folder: Path, records: Records) -> None:
    """Add what the ledger in a folder records, if there is one."""
    if not (folder / LEDGER_NAME).is_file():
        return
    try:
        _read_ledger(folder, records)
    except (StudioError, ValueError, TypeError, KeyError) as error:
        records.problems.append(CheckedFile(LEDGER_NAME, FileState.UNREADABLE, str(error)))


def _read_ledger(folder: Path, records: Records) -> None:
    with Ledger(folder) as ledger:
        facts = ledger.describe()
        spec, builds = BatchSpec.from_json(facts["spec"]), parse_builds(facts.get("distributions"))
        roots = tuple(Path(root) for root in spec.roots)
        for row in ledger.items(states=ItemState):
            recipe = Recipe(spec.graph, row.values, Path(spec.base), roots=roots)
            finished = row.state in FINISHED_STATES
            seen: Counter[str] = Counter()
            for made in row.outputs:
                if finished:
                    records.files[made.path] = FileRecord(
                        made.output,
                        folder / made.path,
                        seen[made.output],
                        made.digest,
                        made.bytes,
                        recorded_in=f"{LEDGER_NAME}, item {row.name!r}",
                        recipe=recipe,
                        builds=builds,
                    )
                else:
                    records.open.add(made.path)
                seen[made.output] += 1
