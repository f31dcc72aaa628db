"""Renders one SVG document in a process of its own, with bounds on memory and time: see `svg.py`."""

from __future__ import annotations

import json
import resource
import sys


def main() -> int:
    """Read a request as JSON from the standard input, write a PNG to the standard output."""
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (request["most_bytes"], request["most_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (request["most_seconds"], request["most_seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path[:] = request["path"]
    import resvg_py

    try:
        made = resvg_py.svg_to_bytes(**request["arguments"])
    except ValueError as error:
        sys.stderr.write(str(error))
        return 3
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
