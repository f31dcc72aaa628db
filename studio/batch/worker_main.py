"""A worker process: `python -m studio.batch.worker_main` takes items as lines of JSON and answers in lines of JSON.

Input: first `{"spec": ..., "name": ..., "plugins": ...}`, then `{"items": [...]}` whenever there is room. Output: first
`{"ready": true}` or `{"refused": error}`, then `{"result": ...}` for each item, with `{"alive": true}` in between,
and last `{"cache_errors": [...]}`. The process ends when its input ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from studio.batch.worker_pipe import Answers, serve_pipe


def main() -> None:
    """Run items until the input ends."""
    serve_pipe(_serve)


def _serve(first: Mapping[str, Any], questions: Iterator[Mapping[str, Any]], answers: Answers) -> None:
    from studio.app import Studio
    from studio.batch.item import Item, ItemResult
    from studio.batch.item_executor import ItemExecutor
    from studio.batch.spec import BatchSpec
    from studio.batch.worker import WorkerLost
    from studio.batch.worker_settings import parse_settings
    from studio.errors import StudioError
    from studio.execution.options import CacheMode

    def report(worker: object, result: ItemResult | WorkerLost) -> None:
        if isinstance(result, ItemResult):
            answers.send({"result": result.to_json()})

    spec = BatchSpec.from_json(first["spec"])
    try:
        studio = Studio(parse_settings(spec.settings, first.get("plugins")), on_disk=spec.cache != CacheMode.OFF)
        executor = ItemExecutor(studio, spec, report, first["name"])
    except StudioError as error:
        answers.send({"refused": error.to_json()})
        os._exit(1)
    answers.send({"ready": True})
    for line in questions:
        executor.start([Item.from_json(row) for row in line["items"]])
    studio.cache.flush()
    errors = [str(error) for error in studio.cache.take_errors()]
    if errors:
        answers.send({"cache_errors": errors})


if __name__ == "__main__":
    main()
