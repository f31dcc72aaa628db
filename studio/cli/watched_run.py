"""`WatchedRun`: runs a graph again whenever one of its files is saved, in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from studio.app import RunResult, Studio
from studio.cli.answer import find_answer
from studio.cli.file_watch import FileWatch, call_on_change
from studio.cli.main import CANCELLED
from studio.cli.messages import show_failure
from studio.cli.options import load_graph_with_inputs
from studio.cli.run_display import answer_result, show_result
from studio.cli.watched_files import (
    WatchedFiles,
    list_given_files,
    list_graph_files,
    list_option_files,
    list_plugin_files,
)
from studio.errors import StudioError
from studio.execution.control import Control
from studio.graph import Graph

_MOST_NAMES = 3


@dataclass(frozen=True)
class WatchOptions:
    """What the command was asked for.

    Attributes:
        graph: The graph's file, or a media file that carries one.
        pairs: Values of the graph's inputs, as `NAME=VALUE`.
        roots: Further folders that the graph may read.
        quiet: Whether to print errors only.
        as_json: Whether to print JSON, one line for each run.
    """

    graph: Path
    pairs: Sequence[str]
    roots: Sequence[Path]
    quiet: bool
    as_json: bool


class WatchedRun:
    """Runs a graph, and again when its files change, until it is stopped.

    Args:
        options: What the command was asked for.
        create: Creates a Studio; again when a plugin's code has changed, which the new Studio loads.
        run: Runs a graph with values.
    """

    def __init__(
        self,
        options: WatchOptions,
        create: Callable[[], Studio],
        run: Callable[[Studio, Graph, dict[str, Any], Control], RunResult],
    ) -> None:
        self._options = options
        self._create = create
        self._run = run
        self._watch = FileWatch()
        self._files = WatchedFiles(frozenset({os.path.abspath(options.graph)})) | list_option_files(options.pairs)
        self._plugin_files = WatchedFiles()
        self._studio: Studio | None = None
        self._control = Control()
        self._stopped = False

    def stop(self) -> None:
        """End after the node calls that are under way; safe in a signal handler."""
        self._stopped = True
        self._control.cancel()

    def run(self) -> int:
        """Run until stopped; return the exit code."""
        try:
            self._run_once(is_first=True)
            self._note(f"watching {len(self._watch)} files; Ctrl-C ends")
            while self._wait():
                self._run_once()
        finally:
            self._close()
        if not self._options.quiet and not self._options.as_json:
            click.echo("cancelled", err=True)
        return CANCELLED

    def _wait(self) -> bool:
        """Wait until files are saved, and return True, or False if it is stopped."""
        while not self._stopped:
            if self._watch.find_changed():
                changed = self._watch.settle(lambda: self._stopped)
                if not self._plugin_files.paths.isdisjoint(changed):
                    self._close()
                self._note(f"changed: {_shorten(changed)}")
                return not self._stopped
            time.sleep(self._watch.interval_seconds)
        return False

    def _run_once(self, *, is_first: bool = False) -> None:
        """Run the graph as it is now, and show the result unless a file was saved meanwhile.

        Raises:
            StudioError: The file of the graph is missing from the first.
        """
        self._control = Control()
        if self._stopped:
            return
        try:
            result = self._load_and_run(time.time_ns())
        except StudioError as error:
            if is_first and not self._options.graph.exists():
                raise
            if not self._watch.find_changed():
                self._show_error(error)
            return
        if result.status == "done" or not (self._stopped or self._watch.find_changed()):
            self._show_result(result)

    def _load_and_run(self, begin_ns: int) -> RunResult:
        self._watch.watch(self._files | self._plugin_files, begin_ns)
        studio = self._open_studio()
        options = self._options
        try:
            graph, values = load_graph_with_inputs(studio, options.graph, options.pairs)
            files = list_graph_files(studio.resolve(graph, roots=options.roots)) | list_given_files(values, graph)
            self._files = WatchedFiles(frozenset({os.path.abspath(options.graph)})) | files
            self._files |= list_option_files(options.pairs)
        finally:
            self._watch.watch(self._files | self._plugin_files, begin_ns)
        with call_on_change(self._watch, self._control.cancel):
            result = self._run(studio, graph, values, self._control)
        self._watch.accept([os.path.abspath(file.path) for file in result.files])
        return result

    # -- the Studio ------------------------------------------------------------------------------------

    def _open_studio(self) -> Studio:
        """Return the Studio, a new one if code is new: it imports anew what has changed."""
        if self._has_new_code():
            self._close()
        if self._studio is None:
            studio = self._create()
            self._studio = studio
            self._plugin_files |= list_plugin_files(studio.registry, studio.settings.plugins_dir)
        return self._studio

    def _has_new_code(self) -> bool:
        """Return whether a plugin's code has changed, also in a file that was not there before."""
        if self._studio is None:
            return False
        origins = [row.origin for row in self._studio.registry.plugins]
        return any(origin.find_changed() for origin in origins if origin is not None)

    def _close(self) -> None:
        if self._studio is not None:
            self._studio.close()
            self._studio = None

    # -- what is shown ---------------------------------------------------------------------------------

    def _show_result(self, result: RunResult) -> None:
        if self._options.as_json:
            answer_result(result)
            find_answer().print_line(ok=result.status == "done")
        else:
            show_result(result, quiet=self._options.quiet, as_json=False)

    def _show_error(self, error: StudioError) -> None:
        found = find_answer()
        show_failure(error, found)
        if found.as_json:
            found.print_line(ok=False)

    def _note(self, text: str) -> None:
        if not (self._options.quiet or self._options.as_json):
            click.echo(click.style(text, dim=True), err=True)


def _shorten(paths: Sequence[str]) -> str:
    """Return the first few files, seen from the current folder where they lie in it."""
    names = []
    for path in paths[:_MOST_NAMES]:
        with suppress(ValueError):
            path = str(Path(path).relative_to(Path.cwd()))
        names.append(path)
    more = len(paths) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
