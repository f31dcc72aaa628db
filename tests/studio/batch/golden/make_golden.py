"""Made the golden ledger with release 0.1.0: `python make_golden.py EMPTY_FOLDER`. A later release has other names.

In the batch, three items are done, "thirteen" failed, the process that ran "lost" was killed, "late" was not started,
and "gone" left the table.
"""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import sqlite3
import sys
from itertools import islice
from pathlib import Path

from studio.batch.items import open_table

from studio.app import Studio
from studio.batch.batch import Batch, create_spec
from studio.batch.ledger import Ledger
from studio.settings import Settings

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Run the batch in a folder, and copy its ledger and its files beside this script."""
    socket.gethostname = lambda: "golden"
    longer = folder / "longer.csv"
    longer.write_text((HERE / "items.csv").read_text("utf-8") + "gone,7,\n", "utf-8")
    for name in ("graph.json", "items.csv", "studio_golden.py"):
        shutil.copy(HERE / name, folder)
    settings = Settings(cache_dir=folder / "cache", plugins_dir=folder, device="cpu")
    with Studio(settings) as studio, Ledger(folder / "out", create=True) as ledger:
        spec = create_spec(studio.load(folder / "graph.json"), folder / "out", window=1)
        Batch(studio, spec, [open_table(longer)]).take_in(ledger)
        batch = Batch(studio, spec, [open_table(folder / "items.csv")])
        batch.take_in(ledger)
        run = batch.create_run(ledger, workers=0).run()
        print([(item.name, result.state) for item, result in islice(run, 4)])
        run.close()
    die_with_an_item(folder / "out")
    keep(folder / "out")


def die_with_an_item(out: Path) -> None:
    """Let a process claim an item and end."""
    child = os.fork()
    if not child:
        ledger = Ledger(out)
        ledger.join()
        ledger.claim(1)
        os._exit(9)
    os.waitpid(child, 0)


def keep(out: Path) -> None:
    """Copy the ledger and the written files beside this script."""
    file = out / ".studio/ledger.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    (HERE / "ledger.sqlite3.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    for path in sorted(out.rglob("*.json")) + sorted(out.rglob("*.txt")):
        if ".studio" not in path.parts:
            target = HERE / "files" / path.relative_to(out)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
