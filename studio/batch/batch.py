"""`Batch`: a graph, its items and a folder, from the import of the table to the last result; `batch`, for Python."""

from __future__ import annotations

import contextlib
import os
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from studio.api import Model
from studio.app import Studio
from studio.batch.columns import Columns, fingerprint_item, name_item
from studio.batch.groups import NAME_COLUMN, Group, Row, combine, create_items_error
from studio.batch.item import Item, ItemResult
from studio.batch.item_executor import ItemExecutor
from studio.batch.item_import import ImportSummary, ItemImport
from studio.batch.ledger import Ledger
from studio.batch.names import create_names, find_shown_values, writes_by_name
from studio.batch.planned_code import describe_code, describe_node_types, describe_value_types
from studio.batch.process_worker import ProcessWorker
from studio.batch.run import BatchRun, Policy, StartWorker
from studio.batch.shard import Shard
from studio.batch.spec import BatchSpec, resolve_spec
from studio.batch.verdicts import check_reseed
from studio.batch.weights import WeightDigests, find_graph_models, find_models
from studio.batch.worker import Report, Worker, WorkerLost
from studio.batch.worker_share import share_machine
from studio.cache import hash_parts
from studio.errors import Finding, ModelError, UsageError
from studio.files import RECORDS_FOLDER
from studio.graph.versions import omit_versions, state_versions
from studio.provenance.collect import GraphParts, describe_parts
from studio.provenance.folder_links import check_links
from studio.surrogates import dump_json
from studio.version import VERSION

LOGS = f"{RECORDS_FOLDER}/workers"


class Batch:
    """A graph over items.

    Args:
        studio: Settings, plugins and cache.
        graph: The graph.
        spec: What workers need to know; see `create_spec`.
        groups: The items: groups multiply.
        given: Values that all items share.
        name_column: The column that names items.
        shard: The part of the items that is meant; None for all.

    Raises:
        GraphError: The graph has errors.
        UsageError: E743 if the template of names is invalid, E749 if no input takes another seed.
    """

    def __init__(
        self,
        studio: Studio,
        spec: BatchSpec,
        groups: Sequence[Group],
        *,
        given: Mapping[str, Any] | None = None,
        name_column: str = NAME_COLUMN,
        shard: Shard | None = None,
    ) -> None:
        self.studio = studio
        self.shard = shard
        self.spec = spec
        self.resolved = resolve_spec(studio, spec)
        check_reseed(spec.reseed, spec.seed_input, self.resolved.inputs)
        self._groups = groups
        self._names = create_names(self.resolved, spec, studio.registry.value_types)
        self._writes_by_name = writes_by_name(self.resolved)
        self._columns = Columns(self.resolved, studio.registry.classes, given or {}, name_column)

    # -- items -----------------------------------------------------------------------------------------

    def items(self) -> Iterator[Item]:
        """Yield the items, none after the first invalid one.

        Raises:
            ItemsError: Some items are invalid; it carries all findings.
        """
        findings: list[Finding] = []
        self._columns.check_given(findings)
        for index, rows in self._combine_rows():
            item = self._columns.read(rows, index, findings)
            if item is not None and not findings:
                yield item
        if findings:
            raise create_items_error(findings)

    def _combine_rows(self) -> Iterator[tuple[int, tuple[Row, ...]]]:
        """Yield the rows of each item with its place among all items, of the shard alone."""
        for index, rows in enumerate(combine(self._groups)):
            if self.shard is None or name_item(rows, index) in self.shard:
                yield index, rows

    def import_items(
        self, ledger: Ledger, *, keep: bool = True, inspect: Callable[[ItemImport], object] | None = None
    ) -> ImportSummary:
        """Check every item, and import all into a ledger, or none if one is invalid.

        Args:
            ledger: The ledger.
            keep: Whether to import them; else the ledger stays as it is, and the summary says what would change.
            inspect: Called with the import when all items are in it.

        Raises:
            ItemsError: Rows are invalid, or two items have one name; it carries all findings.
            UsageError: E749 if the ledger has another shard.
        """
        findings: list[Finding] = []
        self._check_shard(ledger)
        self._columns.check_given(findings)
        weights = WeightDigests(self.studio.models.digest)
        parts = self.studio.collect_parts(self.resolved)
        key = self._make_key(weights, parts)
        with ledger.import_items(keep=keep) as importing:
            for index, rows in self._combine_rows():
                item = self._columns.read(rows, index, findings)
                if item is not None:
                    self._import_item(item, importing, key, weights, findings)
            if findings:
                raise create_items_error(findings)
            if inspect is not None:
                inspect(importing)
        if not keep:
            return importing.summary
        facts = {
            "shard": str(self.shard) if self.shard is not None else None,
            "distributions": self.studio.builds,
            "graph": state_versions(self.resolved),
            "read": describe_parts(parts),
            "path": self.spec.path,
            "title": self.resolved.graph.document.title,
        }
        ledger.store(**facts, spec=self.spec.to_json(), outputs=self._describe_outputs(), version=VERSION)
        return importing.summary

    def _check_shard(self, ledger: Ledger) -> None:
        """Refuse to let one shard replace another, or all items, in a folder."""
        if self.shard is None or not ledger.summary().total:
            return
        known = ledger.describe().get("shard")
        if known != str(self.shard):
            has = f"has shard {known}" if known else "has items of no shard"
            hint = "give each shard a folder of its own; processes that see one folder share its items without --shard"
            raise UsageError("E749", f"{str(ledger.folder)!r} {has}, not {self.shard}", where="--shard", hint=hint)

    def _import_item(
        self, item: Item, importing: ItemImport, key: str, weights: WeightDigests, findings: list[Finding]
    ) -> None:
        values = find_shown_values(self.resolved, item)
        try:
            template = self._names.fill(item, values)
            folder, files = self._names.place(item).casefold(), self._names.render(item, values)
            self._names.check(item, values, saves=self._writes_by_name)
        except UsageError as error:
            findings.append(Finding(error.code, item.source, error.message, hint=error.hint))
            return
        for kind, path in (("item name", folder), *(("file name", file) for file in files)):
            taken = importing.reserve_path(kind, path, item)
            if taken is not None:
                shown = item.name if kind == "item name" else path
                findings.append(_report_duplicate(item, f"{kind} {shown!r}", taken))
                return
        if self._writes_by_name and (met := importing.find_shared_folder(folder, files, item)) is not None:
            findings.append(_report_duplicate(item, f"folder for files of item {item.name!r}", met))
            return
        named = [(n, m) for n, v in item.values.items() for m in find_models(v, self.resolved.inputs[n].spec.name)]
        problems = [finding for name, model in named for finding in self._check_model(model, f"{item.source}#/{name}")]
        findings += problems
        if not problems:
            importing.add(item, fingerprint_item(item, key, template, [weights.describe(model) for _, model in named]))

    def _check_model(self, model: Model, where: str) -> list[Finding]:
        """Return what is wrong with a model of a row; one of a hub may be fetched later."""
        try:
            if model.scheme != "hub":
                self.studio.models.library.check(model)
        except ModelError as error:
            return [Finding(error.code, where, error.message, hint=error.hint)]
        return []

    def _describe_outputs(self) -> dict[str, str]:
        wanted = self.spec.only if self.spec.only is not None else tuple(self.resolved.outputs)
        return {name: self.resolved.outputs[name][1].to_record() for name in wanted}

    def _make_key(self, weights: WeightDigests, graph_parts: GraphParts) -> str:
        """Return the digest of what all items share: the graph, what it reads, and what is installed."""
        graph = omit_versions(self.resolved)  # an item stays done if a node only states the version that it had
        parts = {
            "document": _to_text({name: graph.get(name) for name in ("inputs", "nodes", "outputs")}),
            "graphs": _to_text({name: omit_versions(part) for name, part in graph_parts.graphs.items()}),
            "files": _to_text(graph_parts.files),
            "weights": _to_text(sorted({weights.describe(model) for model in find_graph_models(self.resolved)})),
            "node types": _to_text(describe_node_types(graph_parts.node_types)),
            "only": _to_text(self.spec.only),
        }
        value_types = describe_value_types(self.studio, self.resolved, graph_parts.node_types)
        return hash_parts(parts | ({"value types": _to_text(value_types)} if value_types else {}))

    # -- running ---------------------------------------------------------------------------------------

    def find_starter(self, workers: int) -> StartWorker:
        """Return what starts workers: processes, or for 0 this process."""
        if workers == 0:
            return lambda number, report: ItemExecutor(self.studio, self.spec, report)
        share = share_machine(self.studio.settings, workers)
        spec = replace(self.spec, settings=share.settings, code=describe_code(self.studio, self.resolved))
        folder = Path(self.spec.folder or ".")
        check_links(folder, LOGS, "log")

        def start(number: int, report: Report) -> Worker:
            name = f"worker-{os.getpid()}-{number}"
            return ProcessWorker(spec, report, name, folder / LOGS, share.environments[number], share.plugins)

        return start

    def create_run(
        self, ledger: Ledger, *, workers: int, policy: Policy | None = None, start: StartWorker | None = None
    ) -> BatchRun:
        """Return this process's part in the work on a ledger.

        Raises:
            UsageError: E770 to E774 if files are to be signed and cannot be.
        """
        if start is None:  # other machines have their own keys
            self.studio.output_writer.check_signer()
        return BatchRun(ledger, start or self.find_starter(workers), workers=max(1, workers), policy=policy)

    def run_unrecorded(self) -> Iterator[tuple[Item, ItemResult]]:
        """Run the items in this process, and yield each when it ends; nothing is written."""
        inbox: queue.SimpleQueue[ItemResult] = queue.SimpleQueue()

        def report(worker: Worker, result: ItemResult | WorkerLost) -> None:
            assert isinstance(result, ItemResult)
            inbox.put(result)

        with contextlib.closing(ItemExecutor(self.studio, self.spec, report)) as executor:
            waiting = iter(self.items())
            held: dict[int, Item] = {}
            more = True
            while more or held:
                room = executor.window - len(held)
                if more and room * 4 >= executor.window:
                    fresh = list(islice(waiting, room))
                    more = len(fresh) == room
                    held |= {item.index: item for item in fresh}
                    executor.start(fresh)
                    continue
                result = inbox.get()
                yield held.pop(result.index), result


def _report_duplicate(item: Item, what: str, taken: tuple[str, str]) -> Finding:
    return Finding(
        "E743",
        item.source,
        f"duplicate {what}, used by item {taken[0]!r} at {taken[1]}",
        hint="name items apart, or put more fields into --filename-template",
    )


def _to_text(value: Any) -> str:
    return dump_json(value, sort_keys=True, default=str)
