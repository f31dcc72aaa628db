"""`Models`: models in memory, leased to who asks, kept warm within budgets, with the parts that they share."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from studio.api import Model, ModelOpener, is_out_of_memory
from studio.errors import ModelError, StudioError, UsageError
from studio.runtime.devices import Device
from studio.runtime.hub import Hub
from studio.runtime.library import Library
from studio.runtime.memory import find_ram_bytes, find_vram_bytes, give_back

_RAM_SHARE = 0.5
_VRAM_SHARE = 0.85

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Resident:
    """A model that is in memory.

    Attributes:
        reference: How it was first asked for.
        device: Where it is.
        dtype: The type that its floats were loaded as.
        bytes: What it holds, without the parts that it shares.
        leases: How many have it open.
        part: Of a part that models may share: its name; else "".
    """

    reference: str
    device: str
    dtype: str
    bytes: int
    leases: int
    part: str = ""


OnLoad = Callable[[Resident, list[Resident]], None]


class _Part:
    """A part in memory; how many wholes are made of it."""

    def __init__(self, key: Key, name: str, model: Model, opener: ModelOpener, device: Device) -> None:
        self.key = key
        self.name = name
        self.model = model
        self.opener = opener
        self.device = device
        self.users = 1
        self.opened: Any = None
        self.bytes = 0


class _Whole:
    """A model in memory; how many leases there are, and when it was last used."""

    def __init__(self, key: Key, model: Model, opener: ModelOpener, device: Device, parts: list[_Part]) -> None:
        self.key = key
        self.model = model
        self.opener = opener
        self.device = device
        self.parts = parts
        self.leases = 0
        self.used = 0
        self.sparing = False
        self.opened: Any = None
        self.bytes = 0

    def measure(self) -> None:
        """Look again how many bytes it and its parts hold."""
        for part in self.parts:
            part.bytes = max(0, part.opener.measure(part.opened))
        self.bytes = max(0, self.opener.measure(self.opened) - sum(part.bytes for part in self.parts))

    def describe(self) -> Resident:
        """Return what is told of it."""
        return Resident(self.model.reference, self.device.name, self.device.dtype, self.bytes, self.leases)


class Lease:
    """A model that is held open: `with models.open(model, device) as net`. What is leased is never evicted."""

    def __init__(self, models: Models, model: Model, device: Device, on_load: OnLoad | None = None) -> None:
        self._models = models
        self._model = model
        self._device = device
        self._on_load = on_load
        self._whole: _Whole | None = None

    def __enter__(self) -> Any:
        self._whole = self._models._acquire(self._model, self._device, self._on_load)
        return self._whole.opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def key(self) -> Key:
        """Names what is leased."""
        return self._whole.key if self._whole is not None else ()

    @property
    def reference(self) -> str:
        """How it was asked for."""
        return self._model.reference

    def release(self) -> None:
        """Give it back; it stays open for the next who asks, as far as the budget goes."""
        whole, self._whole = self._whole, None
        if whole is not None:
            self._models._release(whole)

    def save_memory(self) -> str | None:
        """Have the opener take its next measure; return what it did, or None if nothing is left."""
        return self._models._save_memory(self._whole) if self._whole is not None else None


class Models:
    """Finds, opens and keeps models. Every method may be called from any thread.

    Models are loaded one at a time: libraries patch themselves while they load, and two loads at once would need
    the memory of both. Somebody who asks for a model that is there does not wait for a load.

    Args:
        builtin: Weights that ship with plugins, by name.
        openers: What turns weights into models.
        digest_file: Returns blake3 of a file's bytes, remembered as long as the file does not change.
        folder: Where added names and digests are remembered; None for nowhere.
        hub: The hub cache, or None.
        download: Whether what is missing may be pulled.
        vram_bytes: Budget for each accelerator; None for most of what it has.
        ram_bytes: Budget for models on the CPU; None for half of what the machine has.
    """

    def __init__(
        self,
        builtin: Mapping[str, Path],
        openers: Sequence[ModelOpener],
        digest_file: Callable[[Path], str],
        *,
        folder: Path | None = None,
        hub: Hub | None = None,
        download: bool = False,
        vram_bytes: int | None = None,
        ram_bytes: int | None = None,
    ) -> None:
        self.library = Library(builtin, digest_file, folder=folder, hub=hub, download=download)
        self.loads = 0
        self._openers = openers
        self._limits = {"cpu": ram_bytes, "device": vram_bytes}
        self._wholes: dict[Key, _Whole] = {}
        self._parts: dict[Key, _Part] = {}
        self._clock = 0
        self._closed = False
        self._lock = threading.RLock()
        self._loading = threading.Lock()

    # -- weights ---------------------------------------------------------------------------------------

    def find_path(self, model: Model) -> Path:
        """Return where the weights are; errors as `Library.find_path`."""
        return self.library.find_path(model)

    def digest(self, model: Model) -> str:
        """Return the content hash of the weights; errors as `Library.find_path`."""
        return self.library.digest(model)

    # -- leases ----------------------------------------------------------------------------------------

    def open(self, model: Model, device: Device, on_load: OnLoad | None = None) -> Lease:
        """Return a lease of a model on a device, to be entered with `with`.

        Entering it raises ModelError: E602, E604 or E605 as `find_path`, E603 if nothing installed can open the
        weights, E606 if what can open them fails. That memory is not enough is raised as it is.

        Args:
            model: The model.
            device: Where.
            on_load: Called if it had to be loaded, with it and with what was evicted after memory ran out on the way.
        """
        return Lease(self, model, device, on_load)

    def residents(self) -> list[Resident]:
        """Return what is in memory, the models first, then the parts that they are made of."""
        with self._lock:
            wholes = [whole.describe() for whole in sorted(self._wholes.values(), key=lambda w: w.used)]
            parts = [
                Resident(
                    part.model.reference, part.device.name, part.device.dtype, part.bytes, part.users, part=part.name
                )
                for part in self._parts.values()
                if part.opened is not None
            ]
        return wholes + parts

    def evict_idle(self, device: str | None = None) -> list[Resident]:
        """Close what nobody has open, on one device or on all; return what was closed."""
        with self._lock:
            idle = [w for w in self._wholes.values() if not w.leases and device in (None, w.device.name)]
            doomed = [thing for whole in idle for thing in self._drop(whole)]
        self._close(doomed)
        return [whole.describe() for whole in idle]

    def undo_measures(self) -> None:
        """Let models that saved memory work as before, now that a run has ended; those in use wait for the next."""
        with self._lock:
            idle = [whole for whole in self._wholes.values() if whole.sparing and not whole.leases]
            doomed: list[_Whole | _Part] = []
            for whole in idle:
                whole.sparing = False
                try:
                    whole.opener.undo_measures(whole.opened)
                    whole.measure()
                except Exception:  # a plugin may raise anything, and there may be no room: it is opened anew
                    doomed += self._drop(whole)
        self._close(doomed)

    def close(self) -> None:
        """Close everything; what is still leased is closed when it is given back."""
        with self._lock:
            self._closed = True
        self.evict_idle()

    def _acquire(self, model: Model, device: Device, on_load: OnLoad | None) -> _Whole:
        path, digest = self.library.identify(model)
        key = (digest, model.options, device.name, device.dtype)
        whole = self._take(key)
        if whole is not None:
            return whole
        with self._loading:
            whole = self._take(key)  # somebody may have been faster
            if whole is not None:
                return whole
            self._make_room(path, device)
            evicted: list[Resident] = []
            settled = self.library.settle(model)
            try:
                whole = self._load(key, path, settled, device)
            except Exception as error:
                evicted = self.evict_idle(device.name) if is_out_of_memory(error) else []
                if not evicted:
                    raise
                whole = None
            if whole is None:  # outside of `except`: the error holds on to what was loaded before it
                whole = self._load(key, path, settled, device)
            with self._lock:
                self._wholes[key] = whole
                self._count_lease(whole)
                self.loads += 1
        self._trim(device)
        if on_load is not None:
            on_load(whole.describe(), evicted)
        return whole

    def _take(self, key: Key) -> _Whole | None:
        with self._lock:
            if self._closed:
                raise UsageError("E008", "this Studio is closed", hint="make another: Studio()")
            whole = self._wholes.get(key)
            if whole is not None:
                self._count_lease(whole)
            return whole

    def _count_lease(self, whole: _Whole) -> None:
        self._clock += 1
        whole.leases, whole.used = whole.leases + 1, self._clock

    def _release(self, whole: _Whole) -> None:
        with self._lock:
            self._clock += 1
            whole.leases, whole.used = whole.leases - 1, self._clock
        self._trim(whole.device)

    def _save_memory(self, whole: _Whole) -> str | None:
        told = whole.opener.save_memory(whole.opened)
        if told is not None:
            whole.sparing = True
            whole.measure()
        return told

    # -- loading ---------------------------------------------------------------------------------------

    def _load(self, key: Key, path: Path, model: Model, device: Device) -> _Whole:
        opener = next((opener for opener in self._openers if opener.can_open(path, model)), None)
        if opener is None:
            raise ModelError(
                "E603",
                f"no installed plugin can open {model.reference!r}",
                where=str(path),
                hint="see `studio plugins`; a folder in diffusers format has a model_index.json",
            )
        whole = _Whole(key, model, opener, device, [])
        try:
            with self.library.keep_offline():
                for name, place in opener.parts(path, model).items():
                    self._take_part(whole, name, place)
                parts = {part.name: part.opened for part in whole.parts}
                whole.opened = opener.open(path, model, device=device.name, dtype=device.dtype, parts=parts)
            whole.measure()
        except BaseException as error:
            with self._lock:
                doomed = self._drop(whole)
            self._close([thing for thing in doomed if thing.opened is not None])
            if isinstance(error, StudioError) or not isinstance(error, Exception) or is_out_of_memory(error):
                raise
            told = " ".join(str(error).split())[:500] or "no message"
            raise ModelError(
                "E606",
                f"{model.reference!r} cannot be opened: {type(error).__name__}: {told}",
                where=str(path),
                hint=f"see what it is: studio models show {model.reference}",
            ) from error
        return whole

    def _take_part(self, whole: _Whole, name: str, path: Path) -> None:
        """Make a part of what is there already, or open it."""
        model, device = whole.model, whole.device
        digest = self.library.digest_part(path)
        key = (type(whole.opener), name, digest, model.options, device.name, device.dtype)
        with self._lock:
            part = self._parts.get(key)
            if part is not None:
                part.users += 1
                whole.parts.append(part)
                return
            part = self._parts[key] = _Part(key, name, model, whole.opener, device)
            whole.parts.append(part)
        part.opened = whole.opener.open_part(name, path, model, device=device.name, dtype=device.dtype)
        part.bytes = max(0, whole.opener.measure(part.opened))

    # -- budgets ---------------------------------------------------------------------------------------

    def find_limit(self, device: Device) -> int | None:
        """Return the budget of a device in bytes; None while nobody can tell what it has."""
        if device.kind == "cpu":
            given, there, share = self._limits["cpu"], find_ram_bytes(), _RAM_SHARE
        elif device.kind == "mps":  # shares the machine's memory
            given, there, share = self._limits["device"], find_ram_bytes(), _RAM_SHARE
        else:
            given, there, share = self._limits["device"], find_vram_bytes(device.name), _VRAM_SHARE
        if given is not None:
            return given
        return None if there is None else int(there * share)

    def _make_room(self, path: Path, device: Device) -> None:
        """Evict before a load what its weights are likely to push out."""
        if self._wholes:
            self._trim(device, self.library.inspector.estimate(path, device.dtype))

    def _trim(self, device: Device, wanted: int = 0) -> None:
        """Evict what was not used for longest, until what is on a device is within its budget."""
        limit = self.find_limit(device)
        doomed: list[_Whole | _Part] = []
        with self._lock:
            idle = [w for w in self._wholes.values() if not w.leases and w.device.name == device.name]
            idle.sort(key=lambda whole: whole.used)
            for whole in idle:
                if not self._closed and (limit is None or self._count_bytes(device) + wanted <= limit):
                    break
                doomed += self._drop(whole)
        self._close(doomed)

    def _count_bytes(self, device: Device) -> int:
        things: list[_Whole | _Part] = [*self._wholes.values(), *self._parts.values()]
        return sum(thing.bytes for thing in things if thing.device.name == device.name)

    def _drop(self, whole: _Whole) -> list[_Whole | _Part]:
        """Take a model out, and the parts that only it was made of; return what is to be closed, the model first."""
        self._wholes.pop(whole.key, None)
        doomed: list[_Whole | _Part] = [whole]
        for part in whole.parts:
            part.users -= 1
            if part.users == 0:
                self._parts.pop(part.key, None)
                doomed.append(part)
        return doomed

    def _close(self, doomed: Sequence[_Whole | _Part]) -> None:
        for thing in doomed:
            with contextlib.suppress(Exception):  # a plugin may raise anything; the memory is given back all the same
                thing.opener.close(thing.opened)
            thing.opened = None
        for thing in doomed:
            if isinstance(thing, _Whole):
                thing.parts = []
        if doomed:
            give_back()
