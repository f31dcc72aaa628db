"""`python -m docs_site` builds the site; `--check` only finds problems, `--pictures` makes pictures of examples."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from docs_site.pictures import list_pictures, make_pictures
from docs_site.site import ROOT, SiteProblem, build_site, collect_site, find_problems, load_node_types


def main() -> int:
    """Build or check the site and return the exit code."""
    parser = argparse.ArgumentParser(prog="docs_site", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "docs", help="where to build the site")
    parser.add_argument("--media-seconds", type=float, default=12.0, help="how long examples may run (default: 12)")
    parser.add_argument("--check", action="store_true", help="check links, names and navigation; write nothing")
    parser.add_argument(
        "--pictures",
        nargs="*",
        metavar="NAME",
        help="make the pictures of these node types and plugins; without names, those that are missing",
    )
    given = parser.parse_args()
    if given.check:
        problems = find_problems(ROOT, collect_site())
        print("\n".join(problems) or "no problems")
        return bool(problems)
    if given.pictures is not None:
        return _make_pictures(given.pictures)
    started = time.monotonic()
    try:
        site = build_site(given.folder, media_seconds=given.media_seconds)
    except SiteProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{len(site.pages)} pages in {time.monotonic() - started:.1f} s: {given.folder / 'site' / 'index.html'}")
    return 0


def _make_pictures(names: Sequence[str]) -> int:
    chosen = [one for one in load_node_types().values() if not names or {one.id, one.plugin} & set(names)]
    for line in make_pictures(ROOT, chosen, anew=bool(names)):
        print(line, flush=True)
    sizes = [path.stat().st_size for path in list_pictures(ROOT)]
    print(f"{len(sizes)} pictures, {sum(sizes):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
