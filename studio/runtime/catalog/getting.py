"""`Getter`: fetches an entry of the catalog by the first source that can be reached, and registers it."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import Model
from studio.errors import ModelError, find_text
from studio.files import is_disk_full
from studio.plugin_code import mark_plugin_call
from studio.runtime.catalog.archives import hash_file
from studio.runtime.catalog.card import write_card
from studio.runtime.catalog.entry import Entry, Source
from studio.runtime.catalog.export import take_export
from studio.runtime.catalog.fetching import Fetched, Report, fetch_parts, take_parts
from studio.runtime.catalog.torch_zip import convert_torch_zip
from studio.runtime.hub_files import choose_files
from studio.runtime.library import Library
from studio.runtime.safetensors_header import is_pickle
from studio.runtime.weights import PICKLES, find_files, refuse_pickle

Converter = Callable[[Mapping[str, Path], Path], None]
RECORD = "got"
_UNREACHABLE = ("E602", "E607", "E608")
_OLD_SECONDS = 24 * 3600.0
_FACTOR = 3
"""How many times the size of a source its packages, its files and the model may take together while it is fetched."""


@dataclass(frozen=True)
class Got:
    """What a `get` led to.

    Attributes:
        model: The model.
        path: Its weights.
        source: Where they came from; "" if they were here already.
        files: SHA-256 of its files by name.
        first: Whether what came was recorded now, as the entry has no digests.
    """

    model: Model
    path: Path
    source: str
    files: Mapping[str, str] = field(default_factory=dict)
    first: bool = False


class Getter:
    """Fetches entries into a folder.

    Args:
        library: Where models are registered.
        folder: The folder of models; fetched ones are in `catalog/NAME` in it.
        converters: Converters of plugins by name.
        report: Called with a line for each step.
    """

    def __init__(
        self, library: Library, folder: Path, converters: Mapping[str, Converter], report: Report = lambda _: None
    ) -> None:
        self._library = library
        self._folder = folder / "catalog"
        self._converters = {"torch-zip": convert_torch_zip, **converters}
        self._report = report

    def find_present(self, entry: Entry) -> Got | None:
        """Return the model if it is here already.

        Raises:
            ModelError: E609 if its name belongs to other weights, which the user added.
        """
        known = self._library.find_added(entry.name)
        if known is None:
            return None
        if not known.get("entry"):
            raise ModelError(
                "E609",
                f"the name 'local:{entry.name}' belongs to weights that were added: {known.get('path')!r}",
                hint=f"forget that name first: studio models remove local:{entry.name}",
            )
        model = Model(f"local:{entry.name}")
        try:
            return Got(model, self._library.find_path(model), "")
        except ModelError:
            self._library.remove(model)  # its files are gone or damaged: they are fetched again
            return None

    def get(self, entry: Entry, *, source: str = "", given: Path | None = None, accept: bool = False) -> Got:
        """Fetch an entry, check it and register it as `local:NAME`; after an error nothing is left.

        Args:
            entry: What to fetch.
            source: Kind of the source to use, such as "hub"; "" for the first that can be reached.
            given: Folder with its files, for a machine without a network; nothing is fetched then.
            accept: Take files that differ from those that came at the first `get`.

        Raises:
            ModelError: E602 to E609 for what is missing, wrong, a pickle, or cannot be reached.
        """
        if given is not None:
            return self._take(entry, given, accept)
        chosen = [one for one in entry.sources if source in ("", one.kind)]
        if not chosen:
            kinds = ", ".join(dict.fromkeys(one.kind for one in entry.sources))
            raise ModelError("E608", f"{entry.name!r} has no source {source!r}", hint=f"its sources: {kinds}")
        failures: list[ModelError] = []
        for one in chosen:
            try:
                return self._pull(entry, one, accept) if one.hub else self._fetch(entry, one, accept)
            except ModelError as error:
                if error.code not in _UNREACHABLE or error.disk_full:
                    raise
                failures.append(error)
                if one is not chosen[-1]:
                    self._report(f"{one.kind}: {error.message}; trying the next source")
        raise _join_failures(entry, failures)

    def _fetch(self, entry: Entry, source: Source, accept: bool) -> Got:
        with self._open_scratch(entry, source) as scratch:
            files, packages = scratch / "files", scratch / "packages"
            files.mkdir()
            packages.mkdir()
            fetched = fetch_parts(source, files, packages, self._report)
            shutil.rmtree(packages)
            return self._finish(entry, source, fetched, scratch, accept)

    def _take(self, entry: Entry, given: Path, accept: bool) -> Got:
        """Take an entry from a folder: an exported model, the files of a source, or a copy of the hub's repository."""
        if not given.is_dir():
            raise ModelError("E602", f"there is no folder {str(given)!r}", hint="check the path after --from")
        for source in [*entry.sources, None]:
            with self._open_scratch(entry, source) as scratch:
                (scratch / "files").mkdir()
                if source is None:
                    break
                fetched = self._take_source(entry, source, given, scratch)
                if fetched is not None:
                    return self._finish(entry, source, fetched, scratch, accept)
        names = sorted({part.path for source in entry.sources for part in source.parts})
        some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise ModelError(
            "E602",
            f"the folder {str(given)!r} does not have the files of {entry.name!r}",
            hint=f"export it on another machine: studio models export {entry.name} DIR"
            + (f"; or {some}" if some else ""),
        )

    def _take_source(self, entry: Entry, source: Source, given: Path, scratch: Path) -> Fetched | None:
        digests = take_export(entry, source, given, scratch / "model")
        if digests is not None:
            return Fetched(digests)
        if not source.hub:
            return take_parts(source, given, scratch / "files")
        try:
            names = source.only or choose_files(find_files(given), source.hub, source.variant or None)
        except ModelError:
            return None
        fetched = Fetched()
        for name in names:
            if not (given / name).is_file():
                return None
            target = scratch / "model" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(given / name, target)
            fetched.digests[name] = hash_file(target)
        return fetched

    def _finish(self, entry: Entry, source: Source, fetched: Fetched, scratch: Path, accept: bool) -> Got:
        """Make the model of what came, check it, move it where it belongs, and register it."""
        model = scratch / "model"
        if not model.exists():
            self._convert(source, scratch / "files", model)
        _refuse_pickles(model)
        files = {name: hash_file(path) for name, path in find_files(model).items()}
        _check_results(entry, source, files)
        first = self._hold(entry, source, fetched.digests if source.is_pinned or not source.hub else files, accept)
        write_card(entry, source, model)
        for name, text in fetched.licenses.items():
            (model / name).write_bytes(text)
        for path in model.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        self._library.inspector.check(model / entry.weights)
        target = self._folder / entry.name
        other = self.find_present(entry)
        if other is not None:  # another process was faster
            return other
        if target.exists():  # left by a process that was killed
            shutil.rmtree(target)
        os.replace(model, target)
        try:
            added = self._library.add(
                entry.name, target / entry.weights, fetched={"entry": entry.name, "folder": str(target), "files": files}
            )
            self._record(entry, source, fetched, files)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        return Got(added, target / entry.weights, source.kind, files, first)

    def _convert(self, source: Source, files: Path, model: Path) -> None:
        if not source.convert:
            os.replace(files, model)
            return
        convert = self._converters.get(source.convert)
        if convert is None:
            hint = "install the plugin that has it: studio plugins"
            raise ModelError("E606", f"no installed plugin has the converter {source.convert!r}", hint=hint)
        if source.convert != "torch-zip":
            _refuse_pickles(files, bin_is_pickle=False)
        self._report(f"converting with {source.convert}")
        model.mkdir()
        given = {path.relative_to(files).as_posix(): path for path in sorted(files.rglob("*")) if path.is_file()}
        try:
            with mark_plugin_call():
                convert(given, model)
        except (ModelError, OSError):
            raise
        except Exception as error:  # a converter may raise anything
            reason = f"{type(error).__name__}: {find_text(error)}"[:300]
            raise ModelError(
                "E606", f"{source.convert!r} cannot convert the files: {reason}", hint="get it again"
            ) from None
        shutil.rmtree(files)

    def _pull(self, entry: Entry, source: Source, accept: bool) -> Got:
        """Fetch from the hub, into its cache, at the commit that came first."""
        known = self._library.records.read(RECORD, entry.name) or {}
        commit = "" if accept else known.get("commits", {}).get(source.hub, "")
        target = f"{source.hub.partition('@')[0]}@{commit}" if commit else source.hub
        self._report(f"fetching hub:{target}")
        path = self._library.pull(Model(f"hub:{target}"), source.variant or None, source.only)
        files = {name: hash_file(file) for name, file in find_files(path).items()}
        first = self._hold(entry, source, files, accept)
        weights = path / entry.weights
        added = self._library.add(
            entry.name, weights, fetched={"entry": entry.name, "folder": str(path), "files": files}
        )
        self._record(entry, source, Fetched(files), files, commit=path.name)
        return Got(added, weights, "hub", files, first)

    def _hold(self, entry: Entry, source: Source, digests: Mapping[str, str], accept: bool) -> bool:
        """Compare what came with what came first, where the entry has no digests; return whether this is the first.

        Raises:
            ModelError: E605 if it differs.
        """
        if source.is_pinned:
            return False
        known = (self._library.records.read(RECORD, entry.name) or {}).get("first", {}).get(_name_source(source))
        if known is None or accept:
            return True
        changed = sorted(name for name in {*known, *digests} if known.get(name) != digests.get(name))
        if changed:
            raise ModelError(
                "E605",
                f"{changed[0]!r} of {entry.name!r} is not the file that came at the first get",
                hint=f"if the change is intended: studio models get {entry.name} --accept",
            )
        return False

    def _record(
        self, entry: Entry, source: Source, fetched: Fetched, files: Mapping[str, str], commit: str = ""
    ) -> None:
        known: dict[str, Any] = self._library.records.read(RECORD, entry.name) or {}
        firsts, commits = dict(known.get("first", {})), dict(known.get("commits", {}))
        if not source.is_pinned:
            firsts[_name_source(source)] = dict(fetched.digests)
        if commit:
            commits[source.hub] = commit
        row = {"source": _name_source(source), "files": dict(files), "first": firsts, "commits": commits}
        self._library.records.write(RECORD, entry.name, row)

    @contextmanager
    def _open_scratch(self, entry: Entry, source: Source | None) -> Iterator[Path]:
        """Yield a folder of its own that is gone afterwards; what the disk refuses becomes a ModelError."""
        folder = self._folder / f".{secrets.token_hex(6)}-partial"
        try:
            folder.mkdir(parents=True)
            _remove_old(self._folder)
            _check_room(entry, source, folder)
            yield folder
        except OSError as error:
            raise _explain_disk(entry, error, self._folder) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_old(folder: Path) -> None:
    """Remove what processes left that were killed while they fetched."""
    for path in folder.glob(".*-partial"):
        if time.time() - path.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _name_source(source: Source) -> str:
    return f"hub:{source.hub}" if source.hub else ", ".join(dict.fromkeys(part.origin for part in source.parts))


def _check_room(entry: Entry, source: Source | None, folder: Path) -> None:
    wanted, free = _FACTOR * source.bytes if source is not None else 0, shutil.disk_usage(folder).free
    if wanted > free:
        raise _explain_full(
            f"{entry.name!r} needs {wanted / 2**20:.0f} MiB, and {free / 2**20:.0f} MiB are free", folder
        )


def _explain_disk(entry: Entry, error: OSError, folder: Path) -> ModelError:
    if is_disk_full(error, folder):
        return _explain_full(f"cannot write {entry.name!r}: the disk is full", folder)
    reason = (error.strerror or str(error)).lower()
    hint = "check its rights, or name another folder with STUDIO_MODELS_DIR"
    return ModelError("E607", f"cannot write {entry.name!r}: {reason}", where=str(folder), hint=hint)


def _explain_full(message: str, folder: Path) -> ModelError:
    hint = "free space, or name another folder with STUDIO_MODELS_DIR"
    error = ModelError("E607", message, where=str(folder), hint=hint)
    error.disk_full = True
    return error


def _refuse_pickles(folder: Path, *, bin_is_pickle: bool = True) -> None:
    """Refuse a folder with a pickle in it, by its name or by its bytes.

    Raises:
        ModelError: E604.
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        suffix = path.suffix.lower()
        with path.open("rb") as file:
            start = file.read(64)
        named = suffix in PICKLES and (bin_is_pickle or suffix != ".bin")
        if named or (is_pickle(start) and suffix != ".zip"):
            raise refuse_pickle(path)


def _check_results(entry: Entry, source: Source, files: Mapping[str, str]) -> None:
    for name, digest in source.results.items():
        if files.get(name) != digest:
            found = files.get(name, "none")
            raise ModelError(
                "E605",
                f"{name!r} of {entry.name!r} has the SHA-256 {found}, and the catalog says {digest}",
                hint="it is not the model that was tested; do not use it, and tell who made the entry",
            )


def _join_failures(entry: Entry, failures: list[ModelError]) -> ModelError:
    if len(failures) == 1:
        return failures[0]
    reasons = "; ".join(error.message for error in failures)
    hint = f"without a network: studio models get {entry.name} --from DIR"
    return ModelError("E607", f"no source of {entry.name!r} can be reached: {reasons}", hint=hint)
