"""`Library`: from model references to weights on disk, their content hashes, and what is known of them."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from studio.api import Model
from studio.api.model import REFERENCE
from studio.errors import ModelError
from studio.runtime.hub import Hub, offline
from studio.runtime.kept import KeptWeights
from studio.runtime.model_description import Description, describe_weights
from studio.runtime.model_records import ModelRecords
from studio.runtime.weights import (
    Inspector,
    Stamp,
    compare_digests,
    digest_files,
    find_files,
    hash_bytes,
    stamp,
)
from studio.suggestion import list_nearest

_NAME = re.compile(r"[\w.-]+")
_NAMES_SHOWN = 6


@dataclass(frozen=True)
class Row:
    """One model that is on this machine.

    Attributes:
        reference: How a graph names it.
        path: Where its weights are.
        bytes: Size of the files that matter.
        problem: Why it cannot be used, or "".
    """

    reference: str
    path: str
    bytes: int
    problem: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came of verifying a model.

    Attributes:
        status: "good", "recorded" (seen for the first time) or "changed".
        digest: The content hash now.
        files: The files that are not what they were, where that is known.
    """

    status: str
    digest: str
    files: list[str] = field(default_factory=list)


class Library:
    """Finds weights.

    Args:
        builtin: Weights that ship with plugins, by name.
        digest_file: Returns blake3 of a file's bytes, remembered as long as the file does not change.
        folder: Where added names and digests are remembered; None for nowhere.
        hub: The hub cache, or None.
        download: Whether what is missing may be pulled.
        catalog: Names of the models that `studio models get` fetches.
        kept: Weights that runs made, or None.
    """

    def __init__(
        self,
        builtin: Mapping[str, Path],
        digest_file: Callable[[Path], str],
        *,
        folder: Path | None = None,
        hub: Hub | None = None,
        download: bool = False,
        catalog: Container[str] = (),
        kept: KeptWeights | None = None,
    ) -> None:
        self.kept = kept
        self.inspector = Inspector()
        self.download = download
        self._builtin = builtin
        self._digest_file = digest_file
        self.records = ModelRecords(folder)
        self._hub = hub
        self._catalog = catalog
        self._digests: dict[Path, tuple[tuple[Stamp, ...], str]] = {}
        self._pulling = threading.Lock()

    # -- finding ---------------------------------------------------------------------------------------

    def find_path(self, model: Model) -> Path:
        """Return where the weights are, after they were checked.

        Raises:
            ModelError: E602 if they are not there, E604 if they are a pickle, E605 if they are damaged.
        """
        return self._inspect(model)[0]

    def _inspect(self, model: Model) -> tuple[Path, dict[str, Path], tuple[Stamp, ...]]:
        path = self._find(model)
        try:
            return path, *self.inspector.inspect(path)
        except OSError as error:
            raise ModelError(
                "E605", f"cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}", hint="check its rights"
            ) from None

    def find_local(self, model: Model) -> Path | None:
        """Return where the weights are if they are on this machine and sound; nothing is fetched."""
        try:
            if model.scheme == "hub":
                return self._hub.find_snapshot(model.target) if self._hub is not None else None
            return self.find_path(model)
        except ModelError:
            return None

    def check(self, model: Model) -> None:
        """Look whether a model and those that its options name are there, and safe to load.

        Raises:
            ModelError: As `find_path`.
        """
        self.find_path(model)
        for other in find_options(model):
            self.find_path(other)

    def digest(self, model: Model) -> str:
        """Return the content hash of the weights: names and bytes of the files that matter.

        The weights that load options name count too.

        Raises:
            ModelError: As `find_path`.
        """
        return self.identify(model)[1]

    def identify(self, model: Model) -> tuple[Path, str]:
        """Return where the weights are and their content hash, as `find_path` and `digest` do."""
        path, files, stamps = self._inspect(model)
        own = self._digest_files(path, files, stamps)
        if model.scheme == "kept" and own != model.target:
            hint = "remove them with `studio cache verify`, and run the graph that made them again"
            raise ModelError("E605", f"the weights {model.reference!r} are damaged", where=str(path), hint=hint)
        others = [self.digest(other) for other in find_options(model)]
        return path, ".".join([own, *others])

    def digest_part(self, path: Path) -> str:
        """Return the content hash of a part of a model."""
        return self._digest_path(path)

    def settle(self, model: Model) -> Model:
        """Return the reference with models that its load options name as `file:PATH`, for openers."""
        settled = [
            (name, f"file:{self.find_path(Model(value))}" if _is_reference(value) else value)
            for name, value in model.options
        ]
        return Model(model.reference, tuple(settled))

    @contextmanager
    def keep_offline(self) -> Iterator[None]:
        """Keep libraries from the network while they load, unless the user allowed it."""
        if self.download:
            yield
            return
        with self._pulling, offline():
            yield

    def _digest_path(self, path: Path) -> str:
        files = find_files(path)
        return self._digest_files(path, files, tuple(stamp(file) for file in files.values()))

    def _digest_files(self, path: Path, files: dict[str, Path], stamps: tuple[Stamp, ...]) -> str:
        known = self._digests.get(path)
        if known is not None and known[0] == stamps:
            return known[1]
        digest = self._digest_file(path) if path.is_file() else digest_files(files, self._digest_file)
        newest = max((changed for _, _, changed, _ in stamps), default=0)
        if time.time_ns() - newest > 2 * 10**9:  # a file still being written is not remembered
            self._digests[path] = (stamps, digest)
        return digest

    def _find(self, model: Model) -> Path:
        if model.scheme == "builtin":
            return self._find_builtin(model)
        if model.scheme == "hub":
            return self._find_pulled(model)
        if model.scheme == "kept":
            return self._find_kept(model)
        if model.scheme == "local":
            path = Path(self._read_added(model)["path"])
            hint = f"put them back, or forget the name: studio models remove {model.reference}"
        else:
            path, hint = Path(model.target).expanduser(), "check the path in the model reference"
        if not os.path.exists(path):
            raise ModelError("E602", f"there are no weights at {str(path)!r}", hint=hint)
        return path

    def _find_builtin(self, model: Model) -> Path:
        path = self._builtin.get(model.target)
        if path is not None and not path.exists():
            message = f"the weights of {model.reference!r} are missing: its plugin names {str(path)!r}"
            raise ModelError("E602", message, hint="install the plugin again; its package must contain the weights")
        if path is None:
            raise ModelError(
                "E602",
                f"no model {model.reference!r} ships with what is installed",
                hint=_suggest("builtin", model.target, self._builtin),
            )
        return path

    def _find_pulled(self, model: Model) -> Path:
        path = self._hub.find_snapshot(model.target) if self._hub is not None else None
        if path is not None:
            return path
        if self.download and self._hub is not None:
            return self.pull(model)
        begun = self._hub is not None and self._hub.is_partial(model.target)
        what = "is only partly on this machine" if begun else "is not on this machine"
        raise ModelError(
            "E602",
            f"{model.reference!r} {what}, and downloads are off",
            hint=f"fetch it: studio models pull {model.reference}   (or run with --download)",
        )

    def _find_kept(self, model: Model) -> Path:
        path = self.kept.find(model.target) if self.kept is not None else None
        if path is None:
            hint = (
                "run the graph that made them again; `studio models add NAME kept:DIGEST` keeps such weights for good"
            )
            raise ModelError("E602", f"the cache has no weights {model.reference!r}", hint=hint)
        return path

    # -- looking after ---------------------------------------------------------------------------------

    def list_models(self) -> list[Row]:
        """Return every model that is on this machine: shipped, added, pulled, and kept by runs."""
        references = [f"builtin:{name}" for name in sorted(self._builtin)]
        references += [f"local:{name}" for name in self.records.list_names("added")]
        references += [s.reference for s in self._hub.list_snapshots()] if self._hub is not None else []
        references += [f"kept:{row.digest}" for row in self.kept.list_rows()] if self.kept is not None else []
        return [self._make_row(reference) for reference in references]

    def find_added(self, name: str) -> dict[str, Any] | None:
        """Return what is recorded of `local:NAME`, or None if nothing was added under that name."""
        return self.records.read("added", name)

    def is_fetched(self, name: str) -> bool:
        """Say whether `local:NAME` is a model that `studio models get` fetched."""
        try:
            return bool((self.find_added(name) or {}).get("entry"))
        except ModelError:  # a damaged record
            return False

    def _make_row(self, reference: str) -> Row:
        path = ""
        try:
            model = Model(reference)
            path = str(self._read_added(model)["path"]) if model.scheme == "local" else ""
            found = self.find_path(model)
            return Row(reference, str(found), sum(f.stat().st_size for f in find_files(found).values()))
        except ModelError as error:
            return Row(reference, path, 0, f"{error.code} {error.message}")

    def add(self, name: str, path: Path, *, fetched: Mapping[str, Any] | None = None) -> Model:
        """Give weights a short name, `local:NAME`; the files stay where they are.

        Args:
            name: The name.
            path: The weights.
            fetched: What else to record of weights that `studio models get` fetched; `remove` deletes their "folder".

        Raises:
            ModelError: E602, E604 or E605 if the path has no sound weights, E609 if the name is invalid or taken.
        """
        if not _NAME.fullmatch(name):
            raise ModelError("E609", f"invalid model name {name!r}", hint="letters, digits, '_', '-' and '.'")
        model = Model(f"local:{name}")
        if name in self.records.list_names("added"):
            raise ModelError(
                "E609",
                f"duplicate model name {model.reference!r}",
                hint=f"choose another name, or forget that one: studio models remove {model.reference}",
            )
        whole = Path(os.path.abspath(path.expanduser()))
        digest = self._digest_path(self.find_path(Model(f"file:{whole}")))
        self.records.write("added", name, {"path": str(whole), "digest": digest, **(fetched or {})})
        return model

    def pull(self, model: Model, variant: str | None = None, only: Sequence[str] = ()) -> Path:
        """Fetch a model from the hub, or only some of its files; return its folder.

        Raises:
            ModelError: E604 to E609 for what cannot be fetched.
        """
        if model.scheme != "hub" or self._hub is None:
            raise ModelError(
                "E609", f"{model.reference!r} is not on a hub", hint="write hub:OWNER/NAME or hub:OWNER/NAME@REVISION"
            )
        with self._pulling:
            path = self._hub.pull(model.target, variant, only)
        self.inspector.check(path)
        return path

    def verify(self, model: Model, *, accept: bool = False) -> Verdict:
        """Read all bytes of a model and compare them with what is recorded of it.

        For `hub:` that is what the hub calls each file by; for `builtin:` the digests that ship beside the weights;
        for `local:` the digest when it was added; for others the digest when it was first verified.

        Args:
            model: The model.
            accept: Record what is there now.

        Raises:
            ModelError: As `find_path`.
        """
        path = self._find(model)
        digest = hash_bytes(path) if path.is_file() else digest_files(find_files(path), hash_bytes)
        if model.scheme == "kept":
            return Verdict("good" if digest == model.target else "changed", digest)
        changed = self._find_changed(model, path)
        if changed is not None:
            return Verdict("changed" if changed else "good", digest, changed)
        kind, name = ("added", model.target) if model.scheme == "local" else ("seen", _make_file_name(model, path))
        known = self.records.read(kind, name)
        if known is None or accept:
            self.inspector.check(path)
            self.records.write(kind, name, {"path": str(path), "digest": digest})
            return Verdict("recorded", digest)
        return Verdict("good" if known.get("digest") == digest else "changed", digest)

    def _find_changed(self, model: Model, path: Path) -> list[str] | None:
        """Return the files that the hub or the digests beside the weights contradict; None without either."""
        if model.scheme == "hub" and self._hub is not None:
            return self._hub.verify(path)
        return compare_digests(path) if model.scheme == "builtin" else None

    def remove(self, model: Model) -> int:
        """Remove what was pulled, or forget a name that was added; return how many bytes that freed.

        Raises:
            ModelError: E602 if it is missing, E609 if it is not Studio's to remove.
        """
        if model.scheme == "local":
            folder = self._read_added(model).get("folder")
            self.records.remove("added", model.target)
            return self.records.remove_folder(Path(folder)) if isinstance(folder, str) else 0
        if model.scheme == "hub" and self._hub is not None:
            if self._hub.find_snapshot(model.target) is None and not self._hub.is_partial(model.target):
                raise ModelError(
                    "E602", f"{model.reference!r} is not on this machine", hint="see what is: studio models list"
                )
            return self._hub.remove(model.target)
        if model.scheme == "kept" and self.kept is not None:
            return self._remove_kept(model, self.kept)
        hint = "delete the file yourself" if model.scheme == "file" else "uninstall the plugin that ships it"
        raise ModelError("E609", f"{model.reference!r} is not Studio's to remove", hint=hint)

    def _remove_kept(self, model: Model, kept: KeptWeights) -> int:
        names = kept.list_names().get(model.target)
        if names:
            hint = f"forget the name first: studio models remove {names[0]}"
            raise ModelError("E609", f"{model.reference!r} has the name {names[0]}", hint=hint)
        size = self._make_row(model.reference).bytes
        self._find_kept(model)
        kept.remove(model.target)
        return size

    def describe(self, model: Model) -> Description:
        """Say what a model is, without loading it.

        Raises:
            ModelError: As `find_path`.
        """
        path = self.find_path(model)
        return describe_weights(model.reference, path, self._digest_path(path), self.inspector)

    def _read_added(self, model: Model) -> dict[str, Any]:
        known = self.records.read("added", model.target)
        if known is None or not isinstance(known.get("path"), str):
            near = _suggest("local", model.target, self.records.list_names("added"))
            hint = f"{near}; add it: studio models add {model.target} PATH"
            if model.target in self._catalog:
                hint = f"fetch it: studio models get {model.target}"
            raise ModelError("E602", f"nothing was added under the name {model.reference!r}", hint=hint)
        return known


def find_options(model: Model) -> list[Model]:
    """Return the models that a model's load options name, such as the base of a single file."""
    return [Model(str(value)) for _, value in model.options if _is_reference(value)]


def _suggest(scheme: str, wanted: str, known: Iterable[str]) -> str:
    """Say which names come nearest, or a few of those there are."""
    names = sorted(known)
    near = list_nearest(wanted, names)
    if near:
        return "did you mean " + " or ".join(f"{scheme}:{name}" for name in near) + "?"
    some = ", ".join(f"{scheme}:{name}" for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"there are: {some or 'none'}" + (f" and {more} more: studio models list" if more > 0 else "")


def _is_reference(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and REFERENCE.match(value) is not None


def _make_file_name(model: Model, path: Path) -> str:
    """Return a name for the record of a model: short, and another for each."""
    from blake3 import blake3

    return f"{path.name[:40]}-{blake3(f'{model.scheme}:{os.path.abspath(path)}'.encode()).hexdigest()[:16]}"
