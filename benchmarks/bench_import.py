"""How much of documents of ComfyUI becomes graphs: `python benchmarks/bench_import.py FOLDER`.

FOLDER has `api/*.json`, `ui/*.json` and `index.tsv` with columns `file` and `usage`.
"""

from __future__ import annotations

import argparse
import collections
import csv
import sys
import tempfile
import time
from pathlib import Path

from studio.app import Studio
from studio.cli.import_rules import find_import_rules
from studio.errors import StudioError
from studio.graph import parse_graph
from studio.graph.builder import format_document
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.reading import read_foreign
from studio.graph.foreign.weights_folders import WeightsFolders

ABSENT = ("E129", "E602", "E603", "E604")


def main() -> int:
    """Import every document, and print what share is exact or close, and valid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", "-v", action="store_true", help="print what is missing in each document")
    given = parser.parse_args()
    with Studio(on_disk=False) as studio, tempfile.TemporaryDirectory() as scratch:
        rules = find_import_rules(studio.settings)
        usage = _read_usage(given.folder / "index.tsv")
        totals = [_measure(studio, rules, path, Path(scratch), verbose=given.verbose) for path in _list(given.folder)]
    crashed = sum(row["result"] == "crash" for row in totals)
    for kind in ("api", "ui"):
        rows = [row for row in totals if row["kind"] == kind]
        own = [row for row in rows if not row["foreign"]]
        for name, part in ((f"{kind}, all", rows), (f"{kind}, without third-party classes", own)):
            good = [row for row in part if row["good"]]
            share = sum(usage.get(row["file"], 0) for row in good) / max(
                1, sum(usage.get(row["file"], 0) for row in part)
            )
            counts = dict(collections.Counter(row["result"] for row in part))
            print(
                f"{name}: {len(good)} of {len(part)} ({len(good) / max(1, len(part)):.0%}), "
                f"by use {share:.1%}; {counts}"
            )
    print(f"crashed: {crashed}; slowest {max(row['seconds'] for row in totals):.2f} s")
    return 1 if crashed else 0


def _list(folder: Path) -> list[Path]:
    return [*sorted((folder / "api").glob("*.json")), *sorted((folder / "ui").glob("*.json"))]


def _read_usage(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as file:
        return {row["file"]: int(row["usage"] or 0) for row in csv.DictReader(file, delimiter="\t")}


def _measure(studio: Studio, rules: dict, path: Path, scratch: Path, *, verbose: bool) -> dict:
    begin = time.perf_counter()
    row = {"file": path.name, "kind": path.parent.name, "result": "nothing", "good": False, "foreign": False}
    try:
        document = read_foreign(path, lambda kind: rules[kind].widgets if kind in rules else None, max_bytes=2**24)
        again = [
            import_document(document, rules, studio.registry, WeightsFolders(scratch), media=scratch, title=path.stem)
            for _ in range(2)
        ]
        (graph, report), (twin, _) = again
        missing = [node for node in report.nodes if node.status == "missing"]
        row["foreign"] = any(why == f"class {node.kind}" for node in missing for why in node.why)
        findings = []
        if graph is not None:
            row["result"] = report.result
            assert format_document(graph) == format_document(twin), "a second import differs"
            findings = [one for one in studio.validate(parse_graph(graph, base=scratch)) if one.severity == "error"]
            findings = [one for one in findings if one.code not in ABSENT]
        row["good"] = row["result"] in ("exact", "close") and not findings
        if verbose:
            print(f"{path.name} {row['result']} {'' if not findings else 'INVALID'}")
            for node in missing:
                if not all(why.startswith("needs node") for why in node.why):
                    print(f"    {node.id} {node.kind}: {'; '.join(node.why)}")
            for finding in findings:
                print(f"    {finding}")
    except StudioError as error:
        row["result"] = "refused"
        if verbose:
            print(f"{path.name} refused: {error}")
    except Exception as error:  # what this looks for
        row["result"] = "crash"
        print(f"{path.name} crashed: {type(error).__name__}: {error}")
    row["seconds"] = time.perf_counter() - begin
    return row


if __name__ == "__main__":
    sys.exit(main())
