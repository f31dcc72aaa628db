"""`ItemExecutor`: a worker in this process. It runs a window of items as one run, and reports each when it ends."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from studio.api import Model, OutputPath
from studio.api.type_spec import copy_plain
from studio.api.verdict import CHECK_FAILED
from studio.app import Studio
from studio.batch.item import Item, ItemOutput, ItemResult, ItemState
from studio.batch.names import create_names, find_shown_values
from studio.batch.own_files import HELD
from studio.batch.planned_code import check_code
from studio.batch.spec import BatchSpec, resolve_spec
from studio.batch.verdicts import Verdict, are_held, derive_seed, have_passed, summarize_verdicts
from studio.batch.worker import Report
from studio.errors import RunError, StudioError, describe_exception
from studio.execution.call import LostValue, Result
from studio.execution.control import Control
from studio.execution.executor import create_run_id
from studio.execution.needed_models import check_needs
from studio.execution.open_run import PlanOutcome
from studio.execution.options import CacheMode, RunOptions
from studio.execution.plan import Plan
from studio.files import is_disk_full, resolve_path
from studio.graph.given import restore_inputs
from studio.provenance.embedded import find_media_type
from studio.provenance.output_folder import OutputFolder
from studio.provenance.record import FileRecord

_WRITERS = 2
_ENTRIES_IN_MEMORY = 128  # the rest is on disk, so that memory does not grow with the items
_STUCK_CODES = ("E305",)


@dataclass(frozen=True)
class _StartedItem:
    """An item that runs.

    Attributes:
        item: The item.
        values: The values of the graph's inputs.
        begin: When it was started.
        place: The folder of the files that its nodes write, seen from the batch's folder.
        folder: Where its files are written, and which names they have taken; None to write nothing.
        tries: How often it was started, this time included.
        seeds: Seeds of this try in place of the item's own, by input.
        calls: Calls of node types that earlier tries needed.
        cached: How many of them did not run.
    """

    item: Item
    values: dict[str, Any]
    begin: float
    place: str
    folder: OutputFolder | None
    tries: int = 1
    seeds: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    cached: int = 0


class ItemExecutor:
    """Runs items of one batch.

    Equal nodes of the items that it has run once. Calls of `batch=` node types are stacked over items. Files are
    written on threads of their own. An item is reported after its last file is written.

    Args:
        studio: Whose registry, cache and models are used; it stays open.
        spec: The batch.
        report: Called once for each item, from any thread.
        name: Name of the worker.

    Raises:
        GraphError: The graph has errors.
        PluginError: E211 if the batch was planned with other code.
    """

    def __init__(self, studio: Studio, spec: BatchSpec, report: Report, name: str = "here") -> None:
        self.name = name
        self.ready = True
        self.refused: Mapping[str, Any] | None = None
        self.cache_errors: Sequence[str] = ()
        self.window = max(1, spec.window)
        self._studio = studio
        self._spec = spec
        self._report = report
        self.resolved = resolve_spec(studio, spec)
        check_code(spec.code, studio, self.resolved, name)
        self._names = create_names(self.resolved, spec)
        self._folder = Path(spec.folder) if spec.folder is not None else None
        self._started: dict[str, _StartedItem] = {}
        self._places: dict[str, OutputFolder] = {}
        self._checked: set[Model] = set()
        self._finished: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._control = Control()
        self._run_id = create_run_id()
        studio.cache.limit_entries(_ENTRIES_IN_MEMORY)
        options = RunOptions(
            cache=CacheMode(spec.cache),
            node_timeout_seconds=spec.node_timeout_seconds,
            reserve_path=self._find_output_path if self._folder else None,
        )
        self._run = studio.local_executor.open_run(
            self._finished.put,
            control=self._control,
            options=options,
            on_event=studio.observers or None,
            run_id=self._run_id,
        )
        writers = [threading.Thread(target=self._finish_items, daemon=True) for _ in range(_WRITERS)]
        self._threads = [*writers, threading.Thread(target=self._watch, daemon=True)]
        for thread in self._threads:
            thread.start()

    def start(self, items: Sequence[Item]) -> None:
        """Start to run items, and return at once; an item that cannot be planned is reported at once."""
        plans: dict[str, tuple[Plan, str]] = {}
        for item in items:
            key = f"item#{item.index}"
            try:
                started, plan = self._prepare(item)
            except StudioError as error:
                self._report(self, ItemResult(item.index, ItemState.FAILED, error=error.to_json()))
                continue
            self._keep(key, started)
            plans[key] = plan, started.place
        self._run.add(plans)

    def _keep(self, key: str, started: _StartedItem) -> None:
        self._started[key] = started
        if started.folder is not None:
            self._places[started.place] = started.folder

    def _prepare(self, item: Item, seeds: Mapping[str, int] | None = None) -> tuple[_StartedItem, Plan]:
        """Return an item as it is started, and its plan; its names are those of its own seed."""
        begin = time.perf_counter()
        values = restore_inputs(self.resolved, {**item.values, **(seeds or {})})
        plan = self._studio.plan_resolved(self.resolved, values, only=self._spec.only)
        models = self._studio.models
        check_needs(plan, self._check_model, models.library.find_local, models.find_kind)
        folder = None
        if self._folder is not None:
            folder = OutputFolder(self._folder, self._names.fill(item, find_shown_values(self.resolved, item)))
            self._studio.output_writer.prepare(self.resolved, values, plan, folder)
        return _StartedItem(item, values, begin, self._names.place(item), folder), plan

    def _remove(self, key: str) -> _StartedItem | None:
        started = self._started.pop(key, None)
        if started is not None:
            self._places.pop(started.place, None)
        return started

    def close(self) -> None:
        """End; items that were started and not reported are dropped."""
        self._closed.set()
        self._run.close()
        for _ in range(_WRITERS):
            self._finished.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)
        self._studio.cache.flush()
        self.cache_errors = [str(error) for error in self._studio.cache.take_errors()]

    # -- finishing items -------------------------------------------------------------------------------

    def _check_model(self, model: Model) -> None:
        if model not in self._checked:
            self._studio.models.library.check(model)
            self._checked.add(model)

    def _find_output_path(self, name: str) -> OutputPath:
        """Return the place of a file that a node writes, in the folder of its item."""
        assert self._folder is not None
        folders = (self._places.get(str(parent)) for parent in PurePosixPath(name).parents)
        return next(filter(None, folders), OutputFolder(self._folder)).reserve(name)

    def _watch(self) -> None:
        """Check time limits and other processes, until the executor is closed."""
        soon = False
        while not self._closed.wait(0.02 if soon else 0.1):
            try:
                soon = self._run.watch()
            except Exception as error:  # a bug of ours on a thread of its own: every item reports it
                self._fail_all(error)
                return

    def _fail_all(self, error: Exception) -> None:
        for key in list(self._started):
            self._fail(key, error)

    def _fail(self, key: str, error: Exception) -> None:
        started = self._remove(key)
        if started is None:
            return
        if not isinstance(error, StudioError):
            error = StudioError("E999", f"a bug in Studio: {describe_exception(error)}", hint="please report it")
        seconds = time.perf_counter() - started.begin
        self._report(self, ItemResult(started.item.index, ItemState.FAILED, error=error.to_json(), seconds=seconds))

    def _finish_items(self) -> None:
        while (key := self._finished.get()) is not None:
            try:
                self._finish(key)
            except Exception as error:  # codecs of plugins may raise anything
                self._fail(key, error)

    def _finish(self, key: str) -> None:
        outcome = self._run.collect(key)
        lost: list[LostValue] = []
        values = {name: copy_plain(value) for name, value in self._load(outcome.results.items(), lost)}
        found = {node: [one for _, one in self._load(enumerate(all_), lost)] for node, all_ in outcome.verdicts.items()}
        if lost:
            calls = [call for missing in lost for call in missing.calls]
            self._run.remake(LostValue(calls), lambda made: self._finished.put(key))
            return
        started, verdicts = self._started[key], summarize_verdicts(found, outcome.errors)
        if self._may_try_again(started, outcome, verdicts):
            self._try_again(key, started, outcome)
            return
        if started.folder is not None and are_held(verdicts):
            started.folder.template = f"{HELD}/{started.folder.template}"
        files, errors = self._write(started, values, outcome)
        made = self._make_result(started, outcome, values, files, errors)
        made = _add_checks(made, started, verdicts)
        self._remove(key)
        self._run.forget(key)
        self._report(self, made)

    def _load(self, results: Iterable[tuple[Any, Result]], lost: list[LostValue]) -> Iterator[tuple[Any, Any]]:
        """Yield values with their keys; add those that the cache lost to a list."""
        for key, result in results:
            try:
                yield key, self._run.load(result)
            except LostValue as missing:
                lost.append(missing)

    def _may_try_again(
        self, started: _StartedItem, outcome: PlanOutcome, verdicts: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Say whether nothing but checks keeps an item from being done, and another seed may be tried."""
        failed = any(error.code != CHECK_FAILED for error in outcome.errors)
        return started.tries <= self._spec.reseed and not failed and not have_passed(verdicts)

    def _try_again(self, key: str, started: _StartedItem, outcome: PlanOutcome) -> None:
        """Run an item again with the next seed."""
        name = self._spec.seed_input
        own = find_shown_values(self.resolved, started.item)[name]
        seeds = {name: derive_seed(own, started.tries, self.resolved.inputs[name])}
        again, plan = self._prepare(started.item, seeds)
        calls, cached = started.calls + outcome.calls, started.cached + outcome.cached
        self._run.forget(key)
        tries = started.tries + 1
        self._keep(key, replace(again, begin=started.begin, tries=tries, seeds=seeds, calls=calls, cached=cached))
        self._run.add({key: (plan, again.place)})

    def _write(
        self, started: _StartedItem, values: Mapping[str, Any], outcome: PlanOutcome
    ) -> tuple[list[FileRecord], list[StudioError]]:
        """Write the outputs of an item, and wait until all of its files are on the disk with their names."""
        folder = started.folder
        if folder is None:
            return [], []
        write = self._studio.output_writer.write
        files, errors = write(
            self.resolved,
            started.values,
            values,
            outcome.types,
            folder,
            self._run_id,
            content=outcome.content,
            is_deep=lambda name: outcome.is_deep(outcome.results[name], outcome.types[name]),
        )
        try:
            folder.sync()
        except RunError as error:
            errors.append(error)
        return files, errors

    def _make_result(
        self,
        started: _StartedItem,
        outcome: PlanOutcome,
        values: Mapping[str, Any],
        files: Sequence[FileRecord],
        errors: Sequence[StudioError],
    ) -> ItemResult:
        failures = [*outcome.errors, *errors]
        return ItemResult(
            started.item.index,
            ItemState.FAILED if failures else ItemState.DONE,
            outputs=tuple(self._describe(file, outcome, values) for file in files),
            error=failures[0].to_json() if failures else None,
            seconds=time.perf_counter() - started.begin,
            calls=started.calls + outcome.calls,
            cached=started.cached + outcome.cached,
            warnings=(*outcome.warnings, *(f"{file.path.name}: {file.loss}" for file in files if file.loss)),
            values=values if self._folder is None else {},
            stuck=any(error.code in _STUCK_CODES for error in failures),
            disk_full=bool(failures) and is_disk_full(failures[0]),
            read=self._studio.output_writer.describe_given(self.resolved, started.values) if self._folder else {},
        )

    def _find_kind(self, file: FileRecord) -> str:
        """Return the type of what a node saved, by the file's extension."""
        value_type = find_media_type(file.path, self._studio.registry.value_types.values())
        return value_type.name if value_type is not None else "text"

    def _describe(self, file: FileRecord, outcome: PlanOutcome, values: Mapping[str, Any]) -> ItemOutput:
        assert self._folder is not None
        kind = self._find_kind(file) if file.saved else outcome.types[file.output].name
        if kind == "any":
            found = (
                t.name for t in self._studio.registry.value_types.values() if t.python is type(values[file.output])
            )
            kind = next(found, "json")
        path = file.path.relative_to(resolve_path(self._folder)).as_posix()
        return ItemOutput(file.output, path, file.digest, file.size, kind)


def _add_checks(made: ItemResult, started: _StartedItem, verdicts: Sequence[Verdict]) -> ItemResult:
    """Add what the checks of an item found, which may hold it; also where those of earlier tries alone ran."""
    if not verdicts and started.tries == 1:
        return made
    checks: dict[str, Any] = {"verdicts": list(verdicts), "tries": started.tries}
    checks |= {"seeds": dict(started.seeds)} if started.seeds else {}
    held = made.state == ItemState.DONE and are_held(verdicts)
    return replace(made, checks=checks, state=ItemState.HELD if held else made.state)
