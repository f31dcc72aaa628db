"""Renders one SVG document in a process of its own, with bounds on memory and time: see `svg.py`."""

from __future__ import annotations

import contextlib
import json
import resource
import sys


def main() -> int:
    """Read a request as JSON from the standard input, write a PNG to the standard output."""
    request = json.load(sys.stdin)
    bound(resource.RLIMIT_AS, request["most_bytes"])
    bound(resource.RLIMIT_CPU, request["most_seconds"])
    bound(resource.RLIMIT_CORE, 0)
    sys.path[:] = request["path"]
    import resvg_py

    try:
        made = resvg_py.svg_to_bytes(**request["arguments"])
    except ValueError as error:
        sys.stderr.write(str(error))
        return 3
    sys.stdout.buffer.write(made)
    return 0


def bound(limit: int, most: int) -> None:
    """Lower a limit of this process; one that is lower already, or that the system does not take, stays as it is."""
    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(limit)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (least, least))


if __name__ == "__main__":
    sys.exit(main())
