"""The gallery: `gallery.html` in a batch's folder, which needs no server and is updated while the batch runs."""

from __future__ import annotations

import contextlib
import html
import json
import os
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any

from studio.batch.item import FINISHED_STATES, ItemOutput, ItemState
from studio.batch.item_rows import ItemRow
from studio.batch.ledger import Ledger
from studio.batch.own_files import FILES, PAGE
from studio.batch.previews import describe_file
from studio.errors import RunError, StudioError
from studio.files import replace_file, resolve_path
from studio.provenance.folder_links import check_links
from studio.settings import MediaLimits

_CHUNK = 250  # items in one file, which is written again when one of them changes
_SECONDS = 2.0
_SHARE = 5  # an update may take one part in this many of the time
_LONGEST_VALUE = 2000
_TEMPORARY = ".gallery-"
_STALE_SECONDS = 3600.0
_VERDICT_KEYS = ("node", "check", "passed", "sentence")
_ERROR_KEYS = ("code", "where", "message", "hint", "node", "inputs", "details")


class Gallery:
    """Writes the gallery of a batch's folder.

    The folder `gallery_files` contains `items-N.js`, with some hundred items each, and small images. They are scripts
    and not JSON, since a page opened from a disk may load no other kind of data. Each file appears whole.

    Args:
        folder: The batch's folder.
        limits: Limits of what is decoded to make previews.

    Raises:
        RunError: E742 if the folder contains no batch, E313 if its gallery would be written outside of it.
    """

    def __init__(self, folder: Path, limits: MediaLimits | None = None) -> None:
        self.folder = folder
        self._files = folder / FILES
        self._limits = limits or MediaLimits()
        check_links(folder, f"{FILES}/thumbs", "gallery")
        self._ledger = Ledger(folder)
        self._since: float | None = None
        self._revisions: dict[int, int] = {}

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, *, running: bool = False) -> int:
        """Write what changed since the last update, or everything at the first; return how many items changed.

        Raises:
            RunError: E758 if a file cannot be written.
        """
        try:
            return self._update(running)
        except OSError as error:
            raise RunError(
                "E758",
                f"the gallery cannot be written: {error.strerror or error}",
                where=str(self.folder / PAGE),
                hint="the batch continues; later, `studio gallery DIR` writes the gallery again",
            ) from None

    def _update(self, running: bool) -> int:
        begin = time.time()
        first, whole = not self._revisions, self._since is None
        changed = 0
        for number, rows in self._read_changes():
            changed += len(rows)
            self._write_chunk(number, rows, whole)
        if whole:
            self._remove_chunks()
        # what changed meanwhile is read again in the next update; the last update reads everything, since another
        # process on the same ledger may have overwritten a chunk
        self._since = begin - 1.0 if running else None
        self._write_state(running)
        if first:
            self._write_page()
            self._remove_partial_files()
        return changed

    def _read_changes(self) -> Iterator[tuple[int, list[ItemRow]]]:
        """Yield changed items by chunk."""
        waiting: dict[int, list[ItemRow]] = defaultdict(list)
        for row in self._ledger.items(updated_since=self._since):
            number = row.index // _CHUNK
            for ready in [n for n in waiting if n != number]:
                yield ready, waiting.pop(ready)  # rows come in order
            waiting[number].append(row)
        yield from waiting.items()

    def _describe_item(self, row: ItemRow, known: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {"i": row.index, "n": row.name, "s": row.state, "src": row.source}
        shown["v"] = {str(name): _shorten(value) for name, value in row.values.items()}
        if row.state in FINISHED_STATES:
            shown["f"] = self._describe_outputs(row, known)
            shown |= {"t": row.seconds, "c": row.calls, "h": row.cached, "u": row.finished, "a": row.attempts}
        if row.state == ItemState.FAILED and row.error:
            shown["e"] = {key: _shorten(row.error[key]) for key in _ERROR_KEYS if row.error.get(key)}
        if row.checks and row.state in FINISHED_STATES:
            shown |= _describe_checks(row.checks)
        if row.warnings:
            shown["w"] = [_shorten(warning) for warning in row.warnings]
        return shown

    def _describe_outputs(self, row: ItemRow, known: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the page shows of an item's files; files that it knows already are not read again."""
        old = {(file.get("p"), file.get("g")): file for file in known.get("f", ())}
        return [old.get((made.path, made.digest[:16])) or self._describe_output(made) for made in row.outputs]

    def _describe_output(self, made: ItemOutput) -> dict[str, Any]:
        shown = describe_file(self.folder, made, self._files / "thumbs", self._limits)
        return {**shown, "g": made.digest[:16]}

    # -- files -----------------------------------------------------------------------------------------

    def _write_chunk(self, number: int, rows: list[ItemRow], whole: bool) -> None:
        path = self._files / f"items-{number}.js"
        known = _read_chunk(path)
        entries = {} if whole else dict(known)
        entries |= {row.index: self._describe_item(row, known.get(row.index, {})) for row in rows}
        lines = [json.dumps(entry, ensure_ascii=True) for _, entry in sorted(entries.items())]
        _write(path, f"studioItems({number},[\n" + ",\n".join(lines) + "\n]);\n")
        self._revisions[number] = self._revisions.get(number, 0) + 1

    def _remove_chunks(self) -> None:
        """Remove chunks of items that are no longer in the table."""
        for path in self._files.glob("items-*.js"):
            number = path.stem.removeprefix("items-")
            if not number.isdigit() or int(number) not in self._revisions:
                path.unlink(missing_ok=True)

    def _remove_partial_files(self) -> None:
        """Remove partial files of killed processes."""
        for folder in (self.folder, self._files):
            for path in folder.glob(f"{_TEMPORARY}*"):
                with contextlib.suppress(OSError):
                    if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                        path.unlink()

    def _write_state(self, running: bool) -> None:
        summary = self._ledger.summary()
        known = self._ledger.describe()
        # an open page sees from the stamp whether another process has rewritten the chunks
        state = {
            "title": known.get("title") or Path(str(known.get("path") or "")).stem or resolve_path(self.folder).name,
            "outputs": list(known.get("outputs") or ()),
            "counts": dict(summary.counts),
            "causes": [list(cause) for cause in summary.causes[:50]],
            "calls": summary.calls,
            "cached": summary.cached,
            "bytes": summary.bytes,
            "running": running,
            "written": time.time(),
            "stamp": f"{os.getpid()}-{id(self)}",
            "chunks": [[number, self._revisions[number]] for number in sorted(self._revisions)],
        }
        _write(self._files / "state.js", f"studioState({json.dumps(state, ensure_ascii=True)});\n")

    def _write_page(self) -> None:
        title = html.escape(str(self._ledger.describe().get("title") or resolve_path(self.folder).name))
        page = resources.files("studio.batch") / "page"
        text = (page / "gallery.html").read_text("utf-8")
        for name in ("gallery.css", "gallery.js"):
            text = text.replace(f"/*{name}*/", (page / name).read_text("utf-8"))
        _write(self.folder / PAGE, text.replace("{{title}}", title))


class GalleryWriter:
    """Keeps a gallery up to date while a batch runs, on a thread of its own; errors are stored, not raised.

    Attributes:
        error: The error of the last update, or None.
    """

    def __init__(self, folder: Path, limits: MediaLimits | None = None) -> None:
        self.error: StudioError | None = None
        self._folder = folder
        self._limits = limits
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="studio-gallery", daemon=True)

    def __enter__(self) -> GalleryWriter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with Gallery(self._folder, self._limits) as gallery:
                pause = 0.0
                while not self._stop.wait(pause):
                    begin = time.monotonic()
                    self._update(gallery, running=True)
                    pause = max(_SECONDS, _SHARE * (time.monotonic() - begin))
                self._update(gallery, running=False)
        except StudioError as error:
            self.error = error

    def _update(self, gallery: Gallery, *, running: bool) -> None:
        """Write what changed; after an error, the next update tries again."""
        try:
            gallery.update(running=running)
            self.error = None
        except StudioError as error:
            self.error = error


def write_gallery(folder: Path, limits: MediaLimits | None = None) -> Path:
    """Write the gallery of a batch that is not running; return the page.

    Raises:
        RunError: E742 if the folder contains no batch, E758 if a file cannot be written.
    """
    with Gallery(folder, limits) as gallery:
        gallery.update()
    return folder / PAGE


def _read_chunk(path: Path) -> dict[int, dict[str, Any]]:
    """Return the items in a chunk, without entries that cannot be read."""
    found: dict[int, dict[str, Any]] = {}
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        for line in path.read_text("ascii").splitlines()[1:-1]:
            entry = json.loads(line.rstrip(","))
            found[int(entry["i"])] = entry
    return found


def _describe_checks(checks: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of an item's checks; a ledger from elsewhere may hold anything."""
    verdicts, tries, seeds = checks.get("verdicts"), checks.get("tries"), checks.get("seeds")
    rows = [one for one in verdicts if isinstance(one, dict)] if isinstance(verdicts, list) else []
    seeds = {name: _shorten(seed) for name, seed in seeds.items()} if isinstance(seeds, dict) else {}
    shown = {"r": tries if isinstance(tries, int) else 1, "sd": seeds}
    return shown | ({"k": [{key: _shorten(one.get(key)) for key in _VERDICT_KEYS} for one in rows]} if rows else {})


def _shorten(value: Any) -> Any:
    """Return a value short enough for a page: long text is cut, and another long value becomes cut JSON text."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + " …"
    if value is None or isinstance(value, bool | int | float):
        return value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return value if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + " …"


def _write(path: Path, text: str) -> None:
    """Write a file that appears whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{_TEMPORARY}{secrets.token_hex(6)}{path.suffix}")
    with replace_file(path, sync="none", temporary=temporary):
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


__all__ = ["FILES", "PAGE", "Gallery", "GalleryWriter", "write_gallery"]
