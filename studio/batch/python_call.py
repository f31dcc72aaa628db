"""`studio.batch(graph, items)`: runs a batch from Python, and yields each item as it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.app import Studio
from studio.batch.batch import Batch
from studio.batch.groups import list_rows
from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.item_import import ImportSummary
from studio.batch.ledger import Ledger
from studio.batch.run import Policy
from studio.batch.shard import parse_shard
from studio.batch.spec import create_spec
from studio.batch.tables import open_table
from studio.errors import UsageError
from studio.execution.options import CacheMode
from studio.graph import Graph
from studio.graph.arguments import check_arguments


@dataclass(frozen=True)
class BatchItem:
    """The result of one item.

    Attributes:
        name: Its name.
        index: Its place in the table, from 0.
        inputs: Its values, as the table has them.
        state: `ItemState.DONE` ("done"), `ItemState.FAILED` ("failed"), or `ItemState.HELD` ("held": a check did not
            pass, and its files are kept apart).
        outputs: The values of its outputs, if they were not written to files.
        files: The files that were written, by output.
        error: Why it failed, as plain JSON, or None.
        seconds: How long it took, from its start to its last file.
        calls: Calls of node types that it needed.
        cached: How many of them were found in the cache, or ran for another item.
        warnings: Warnings of its nodes.
        checks: What its checks found: `verdicts`, `tries` and perhaps `seeds`; empty without checks.
    """

    name: str
    index: int
    inputs: Mapping[str, Any]
    state: ItemState
    outputs: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, list[Path]] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    seconds: float = 0.0
    calls: int = 0
    cached: int = 0
    warnings: tuple[str, ...] = ()
    checks: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]


def batch(
    graph: Graph | Path | str | Mapping[str, Any],
    items: Iterable[Mapping[str, Any]] | Path | str,
    output: Path | str | None = None,
    *,
    workers: int | None = None,
    name: str = "",
    retries: int = 0,
    on_error: str = "continue",
    timeout_seconds: float | None = None,
    window: int = 16,
    cache: str = "use",
    roots: Iterable[Path] = (),
    shard: str | None = None,
    reseed: int = 0,
    seed_input: str = "seed",
    studio: Studio | None = None,
    on_import: Callable[[ImportSummary], object] | None = None,
) -> Iterator[BatchItem]:
    """Run one graph over many items, and yield each item when it ends, in any order.

    Args:
        graph: A graph, its file, or a JSON object.
        items: Mappings of input values, or a table's file. A key "name" names the item.
        output: Folder for files and the ledger. If it contains this batch already, the batch resumes, and only the
            items that run now are yielded. None yields the values themselves and writes nothing.
        workers: Processes; 0 for this process. The default is 1 with an output folder, else 0.
        name: Template of the files' names, such as "{item.name}_{seed:04d}.{ext}".
        retries: How often a failed item is tried again.
        on_error: "continue" or "stop".
        timeout_seconds: A node that takes longer fails.
        window: Most items that one worker has at once.
        cache: "use", "refresh" or "off".
        roots: Folders that the graph may read besides its own.
        shard: The part of the items that runs here, such as "2/3"; None for all.
        reseed: How often an item whose checks do not pass runs again, each time with another seed.
        seed_input: The graph's input that has the seed.
        studio: The Studio to use; None for one with the settings of this machine.
        on_import: Called with the number of new, changed and removed items.

    Yields:
        A `BatchItem` for each item, with `name`, `index` (from 0), `inputs`, `state` ("done", "failed" or "held"),
        `outputs` (the values, without a folder), `files` (lists of paths, by output), `error` (plain JSON, or None),
        `seconds`, `calls`, `cached`, `warnings` and `checks`.

    Raises:
        GraphError: The graph or the items are invalid; raised before anything runs. What goes wrong in an item is in
            its `error`, not raised.

    Example:
        import studio

        for item in studio.batch("card.json", [{"words": "one"}, {"words": "two"}], "cards", workers=0):
            print(item.name, item.error or dict(item.files))
    """
    counts: dict[str, Any] = {
        "workers": workers,
        "retries": retries,
        "window": window,
        "timeout_seconds": timeout_seconds,
        "reseed": reseed,
    }
    check_arguments(graph=graph, items=items, output=output, name=name, roots=roots, on_import=on_import, **counts)
    if on_error not in ("continue", "stop"):
        raise UsageError("E749", f"invalid on_error={on_error!r}", hint='use "continue" or "stop"')
    if cache not in set(CacheMode):
        raise UsageError("E007", f"invalid cache={cache!r}", hint=f"take one of: {', '.join(CacheMode)}")
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(Studio()) if studio is None else studio
        loaded = own.load(graph)
        group = open_table(Path(items)) if isinstance(items, str | Path) else list_rows(items)
        options = {"template": name, "roots": tuple(map(str, roots)), "window": window, "cache": cache}
        options |= {"reseed": reseed, "seed_input": seed_input}
        spec = create_spec(loaded, output, node_timeout_seconds=timeout_seconds, **options)
        made = Batch(own, spec, [group], shard=parse_shard(shard) if shard is not None else None)
        if output is not None:
            policy = Policy("stop" if on_error == "stop" else "continue", retries)
            yield from _run_recorded(made, Path(output), 1 if workers is None else workers, policy, on_import)
        elif workers:
            raise UsageError("E749", "workers need a folder to write to", hint="name one with output=")
        else:
            yield from (_describe(item, result, None) for item, result in made.run_unrecorded())


def _run_recorded(
    made: Batch,
    output: Path,
    workers: int,
    policy: Policy,
    on_import: Callable[[ImportSummary], object] | None,
) -> Iterator[BatchItem]:
    with Ledger(output, create=True) as ledger:
        imported = made.import_items(ledger)
        if on_import is not None:
            on_import(imported)
        run = made.create_run(ledger, workers=workers, policy=policy)
        yield from (_describe(item, result, output) for item, result in run.run())


def _describe(item: Item, result: ItemResult, folder: Path | None) -> BatchItem:
    files: dict[str, list[Path]] = {}
    for written in result.outputs:
        files.setdefault(written.output, []).append((folder or Path()) / written.path)
    rest = (result.error, result.seconds, result.calls, result.cached, result.warnings, result.checks)
    return BatchItem(item.name, item.index, item.values, result.state, result.values, files, *rest)
