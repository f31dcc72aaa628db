"""What the ledger of a batch records of the files that the batch wrote."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from studio.batch.item import FINISHED_STATES, ItemState
from studio.batch.ledger import LEDGER_NAME, Ledger
from studio.batch.spec import BatchSpec
from studio.errors import StudioError
from studio.graph.carried import Carried
from studio.graph.paths import name_file
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
    """Add what a ledger records.

    The folder may come from elsewhere, and its ledger name any path of this machine. So nothing is read for its files
    but graphs that it holds and files with digests that it names. Ledgers of earlier versions hold neither.
    """
    with Ledger(folder) as ledger:
        facts = ledger.describe()
        spec, builds = BatchSpec.from_json(facts["spec"]), parse_builds(facts.get("distributions"))
        base, roots, shared = Path(spec.base), tuple(Path(root) for root in spec.roots), facts.get("read", {})
        graphs = Carried(dict(shared.get("graphs", {})))
        for row in ledger.items(states=ItemState):
            named = {name_file(Path(path), base): digest for path, digest in row.read.items()}
            digests = {str(name): str(digest) for name, digest in {**shared.get("files", {}), **named}.items()}
            recipe = Recipe(spec.graph, row.used_values, base, graphs, Carried(digests), roots)
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
