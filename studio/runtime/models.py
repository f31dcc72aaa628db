"""`Models`: models in memory, leased to callers, kept open within budgets, with the parts that they share."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from studio.api import MemoryBudget, MemoryPlan, Model, ModelOpener, is_out_of_memory
from studio.errors import ModelError, StudioError, StudioWarning, UsageError, describe_raised, find_text
from studio.plugin_code import mark_plugin_call
from studio.runtime.devices import Device
from studio.runtime.hub import Hub
from studio.runtime.kept import KeptWeights
from studio.runtime.library import Library
from studio.runtime.memory import find_ram_bytes, find_vram_bytes, load_torch, release_memory, show_bytes
from studio.runtime.resident import Key, Part, Resident, Whole

_RAM_SHARE = 0.5
MEMORY_SHARE = 0.85  # of the memory, for weights that wait there
DEVICE_SHARE = 0.85

OnLoad = Callable[[Resident, list[Resident]], None]


class Lease:
    """A model that is held open: `with models.open(model, device) as net`. What is leased is never evicted."""

    def __init__(self, models: Models, model: Model, device: Device, on_load: OnLoad | None = None) -> None:
        self._models = models
        self._model = model
        self._device = device
        self._on_load = on_load
        self._whole: Whole | None = None

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
        """Release it; the model stays open for the next lease if the budget allows it."""
        whole, self._whole = self._whole, None
        if whole is not None:
            self._models._release(whole)

    def save_memory(self) -> str | None:
        """Let the opener save memory by its next measure; return what it did, or None if none is left."""
        return self._models._save_memory(self._whole) if self._whole is not None else None


class Models:
    """Finds, opens and keeps models. Every method may be called from any thread.

    Models are loaded one at a time: libraries patch themselves while they load, and two loads at once would need
    the memory of both. A lease of a model that is open does not wait for a load.

    Args:
        builtin: Weights that ship with plugins, by name.
        openers: What turns weights into models.
        digest_file: Returns blake3 of a file's bytes, remembered as long as the file does not change.
        folder: Where added names and digests are remembered; None for nowhere.
        hub: The hub cache, or None.
        download: Whether what is missing may be pulled.
        vram_bytes: Budget for each accelerator; None for most of what it has.
        ram_bytes: Budget for models on the CPU; None for half of what the machine has.
        opener_code: Names the code of those openers whose plugin's version does not, by opener.
        catalog: Names of the models that `studio models get` fetches.
        kept: Weights that runs made, or None.
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
        opener_code: Mapping[ModelOpener, str] | None = None,
        catalog: Container[str] = (),
        kept: KeptWeights | None = None,
    ) -> None:
        self._opener_code = opener_code or {}
        self.library = Library(
            builtin, digest_file, folder=folder, hub=hub, download=download, catalog=catalog, kept=kept
        )
        self.loads = 0
        self._openers = openers
        self._limits = {"cpu": ram_bytes, "device": vram_bytes}
        self._wholes: dict[Key, Whole] = {}
        self._parts: dict[Key, Part] = {}
        self._warned: set[str] = set()
        self._clock = 0
        self._closed = False
        self._lock = threading.RLock()
        self._loading = threading.Lock()

    # -- weights ---------------------------------------------------------------------------------------

    def find_path(self, model: Model) -> Path:
        """Return where the weights are; errors as `Library.find_path`."""
        return self.library.find_path(model)

    def find_kind(self, model: Model) -> str | None:
        """Say in a word what weights on this machine are; None if they are missing or their kind is unknown."""
        path = self.library.find_local(model)
        if path is None:
            return None
        try:
            opener = self._find_opener(path, model)
            with mark_plugin_call():
                kind = opener.find_kind(path, model)
            if kind is None or isinstance(kind, str):
                return kind
            self._warn_once(f"find_kind of {_name_opener(opener)} returned a {type(kind).__name__}, not a text or None")
            return None
        except StudioError:  # opening the model says what is wrong with it
            return None
        except (Exception, SystemExit) as error:  # a plugin may raise anything; the kind is then unknown
            self._warn_once(f"find_kind of {_name_opener(opener)} {describe_raised(error)}")
            return None

    def digest(self, model: Model) -> str:
        """Return the content hash of the weights; errors as `Library.find_path`."""
        return self.library.digest(model)

    def name_code(self, model: Model) -> str:
        """Return what names the code that opens a model; "" if a version does, or nothing can open it.

        Only openers that may matter are asked: one may load large libraries to answer.
        """
        openers = self._openers if self._opener_code else ()
        matters = [number for number, opener in enumerate(openers) if opener in self._opener_code]
        for opener in self._openers[: matters[-1] + 1] if matters else ():
            try:
                with mark_plugin_call():
                    accepted = opener.can_open(self.find_path(model), model)
            except (Exception, SystemExit):  # it is reported when the model is opened
                accepted = False
            if accepted:
                return self._opener_code.get(opener, "")
        return ""

    # -- plans -----------------------------------------------------------------------------------------

    def plan_memory(self, model: Model, device: Device) -> MemoryPlan | None:
        """Return how a model is opened on a device, which may be one that is not here; None if it is as it is.

        Raises:
            ModelError: E602, E604 or E605 as `find_path`, E603 if nothing can open it, and those of its opener.
        """
        path = self.library.find_path(model)
        return self._plan(self._find_opener(path, model), path, self.library.settle(model), device)

    def settle_choices(self, model: Model, device: Device) -> Model:
        """Return a reference with what the plan chooses for load options that are "auto" and change results."""
        if "auto" not in dict(model.options).values():
            return model
        plan = self.plan_memory(model, device)
        if plan is None:
            return model
        return _take_options(model, {name: plan.options[name] for name in plan.result_options & plan.options.keys()})

    def find_budget(self, device: Device) -> MemoryBudget:
        """Return what weights may take on a device and in memory."""
        given, present = self._limits["cpu"], find_ram_bytes()
        memory = given if given is not None or present is None else int(present * MEMORY_SHARE)
        return MemoryBudget(self.find_limit(device) or None, memory or None)  # 0 keeps nothing open, and is no size

    def _plan(self, opener: ModelOpener, path: Path, model: Model, device: Device) -> MemoryPlan | None:
        if type(opener).plan_memory is ModelOpener.plan_memory:
            return None
        if device.kind == "cuda" and self._limits["device"] is None:
            load_torch()  # the memory of a device is known by then
        budget = self.find_budget(device)
        with mark_plugin_call():
            return opener.plan_memory(path, model, device=device.name, dtype=device.dtype, budget=budget)

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
        """Close models without a lease, on one device or on all; return what was closed."""
        with self._lock:
            idle = [w for w in self._wholes.values() if not w.leases and device in (None, w.device.name)]
            dropped = [thing for whole in idle for thing in self._drop(whole)]
        self._close(dropped)
        return [whole.describe() for whole in idle]

    def undo_measures(self) -> None:
        """Let idle models that saved memory work as before; those in use do so after a later run."""
        with self._lock:
            idle = [whole for whole in self._wholes.values() if whole.sparing and not whole.leases]
            dropped: list[Whole | Part] = []
            for whole in idle:
                whole.sparing = False
                try:
                    with mark_plugin_call():
                        whole.opener.undo_measures(whole.opened)
                    whole.measure()
                except Exception:  # a plugin may raise anything, and there may be no room: it is opened anew
                    dropped += self._drop(whole)
        self._close(dropped)

    def close(self) -> None:
        """Close everything; a model that is leased is closed when its lease ends."""
        with self._lock:
            self._closed = True
        self.evict_idle()

    def _acquire(self, model: Model, device: Device, on_load: OnLoad | None) -> Whole:
        path, digest = self.library.identify(model)
        key = (digest, model.options, device.name, device.dtype)
        whole = self._take(key)
        if whole is not None:
            return whole
        with self._loading:
            whole = self._take(key)  # another thread may have loaded it
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

    def _take(self, key: Key) -> Whole | None:
        with self._lock:
            if self._closed:
                raise UsageError("E008", "this Studio is closed", hint="make another: Studio()")
            whole = self._wholes.get(key)
            if whole is not None:
                self._count_lease(whole)
            return whole

    def _count_lease(self, whole: Whole) -> None:
        self._clock += 1
        whole.leases, whole.used = whole.leases + 1, self._clock

    def _release(self, whole: Whole) -> None:
        with self._lock:
            self._clock += 1
            whole.leases, whole.used = whole.leases - 1, self._clock
        self._trim(whole.device)

    def _save_memory(self, whole: Whole) -> str | None:
        measure = whole.opener.save_memory(whole.opened)
        if measure is not None:
            whole.sparing = True
            whole.measure()
        return measure

    # -- loading ---------------------------------------------------------------------------------------

    def _load(self, key: Key, path: Path, model: Model, device: Device) -> Whole:
        whole = Whole(key, model, self._find_opener(path, model), device, [])
        try:
            self._settle_plan(whole, path)
            self._open(whole, path)
        except BaseException as error:
            with self._lock:
                dropped = self._drop(whole)
            self._close([thing for thing in dropped if thing.opened is not None])
            if isinstance(error, StudioError) or not isinstance(error, Exception) or is_out_of_memory(error):
                raise
            message = " ".join(find_text(error).split())[:500] or "no message"
            place = _name_opener(whole.opener)
            raise ModelError(
                "E606",
                f"{model.reference!r} cannot be opened: {type(error).__name__}: {message} (in {place})",
                where=str(path),
                hint=f"see what it is: studio models show {model.reference}",
            ) from error
        return whole

    def _settle_plan(self, whole: Whole, path: Path) -> None:
        """Let a model be opened with the load options that its plan chose."""
        plan = self._plan(whole.opener, path, whole.model, whole.device)
        if plan is not None and not plan.fits and whole.device.kind != "cpu":
            raise _refuse_size(whole.model.reference, plan, self.find_budget(whole.device))
        if plan is not None and plan.options:
            whole.plan = plan
            whole.model = _take_options(whole.model, plan.options)

    def _find_opener(self, path: Path, model: Model) -> ModelOpener:
        failures = []
        for opener in self._openers:
            try:
                with mark_plugin_call():
                    if opener.can_open(path, model):
                        return opener
            except (Exception, SystemExit) as error:  # a plugin may raise anything; the others are asked all the same
                failures.append(f"can_open of {_name_opener(opener)} {describe_raised(error)}")
                self._warn_once(failures[-1])
        raise ModelError(
            "E603",
            "; ".join([f"no installed plugin can open {model.reference!r}", *failures]),
            where=str(path),
            hint="see `studio plugins`; a folder in diffusers format has a model_index.json",
        )

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(message, StudioWarning, stacklevel=2)

    def _open(self, whole: Whole, path: Path) -> None:
        """Open a model's parts and then itself, as its opener says."""
        opener, model, device = whole.opener, whole.model, whole.device
        with self.library.keep_offline():
            for name, place in opener.parts(path, model).items():
                self._add_part(whole, name, place)
            parts = {part.name: part.opened for part in whole.parts}
            whole.opened = opener.open(path, model, device=device.name, dtype=device.dtype, parts=parts)
        whole.measure()

    def _add_part(self, whole: Whole, name: str, path: Path) -> None:
        """Give a model the part that another one has open, or open it."""
        model, device = whole.model, whole.device
        digest = self.library.digest_part(path)
        key = (type(whole.opener), name, digest, model.options, device.name, device.dtype)
        with self._lock:
            part = self._parts.get(key)
            if part is not None:
                part.users += 1
                whole.parts.append(part)
                return
            part = self._parts[key] = Part(key, name, model, whole.opener, device)
            whole.parts.append(part)
        part.opened = whole.opener.open_part(name, path, model, device=device.name, dtype=device.dtype)
        part.bytes = max(0, whole.opener.measure(part.opened))

    # -- budgets ---------------------------------------------------------------------------------------

    def find_limit(self, device: Device) -> int | None:
        """Return the budget of a device in bytes; None while its memory is unknown."""
        if device.kind == "cpu":
            given, present, share = self._limits["cpu"], find_ram_bytes(), _RAM_SHARE
        elif device.kind == "mps":  # shares the machine's memory
            given, present, share = self._limits["device"], find_ram_bytes(), _RAM_SHARE
        else:
            given, present, share = self._limits["device"], find_vram_bytes(device.name), DEVICE_SHARE
        if given is not None:
            return given
        return None if present is None else int(present * share)

    def _make_room(self, path: Path, device: Device) -> None:
        """Evict before a load what its weights are likely to push out."""
        if self._wholes:
            self._trim(device, self.library.inspector.estimate(path, device.dtype))

    def _trim(self, device: Device, wanted: int = 0) -> None:
        """Evict what was not used for longest, until what is on a device is within its budget."""
        limit = self.find_limit(device)
        dropped: list[Whole | Part] = []
        with self._lock:
            idle = [w for w in self._wholes.values() if not w.leases and w.device.name == device.name]
            idle.sort(key=lambda whole: whole.used)
            for whole in idle:
                if not self._closed and (limit is None or self._count_bytes(device) + wanted <= limit):
                    break
                dropped += self._drop(whole)
        self._close(dropped)

    def _count_bytes(self, device: Device) -> int:
        things: list[Whole | Part] = [*self._wholes.values(), *self._parts.values()]
        return sum(thing.bytes for thing in things if thing.device.name == device.name)

    def _drop(self, whole: Whole) -> list[Whole | Part]:
        """Forget a model and the parts that only it was made of; return what to close, the model first."""
        self._wholes.pop(whole.key, None)
        dropped: list[Whole | Part] = [whole]
        for part in whole.parts:
            part.users -= 1
            if part.users == 0:
                self._parts.pop(part.key, None)
                dropped.append(part)
        return dropped

    def _close(self, dropped: Sequence[Whole | Part]) -> None:
        for thing in dropped:
            with mark_plugin_call(), contextlib.suppress(Exception):  # it may raise anything; memory is released anyhow
                thing.opener.close(thing.opened)
            thing.opened = None
        for thing in dropped:
            if isinstance(thing, Whole):
                thing.parts = []
        if dropped:
            release_memory()


def _refuse_size(reference: str, plan: MemoryPlan, budget: MemoryBudget) -> ModelError:
    needed, given = (
        f"{show_bytes(device or 0)} on the device and {show_bytes(memory or 0)} in memory"
        for device, memory in ((plan.device_bytes, plan.memory_bytes), (budget.device_bytes, budget.memory_bytes))
    )
    return ModelError(
        "E629",
        f"{reference!r} needs at least {needed}, and its weights may take {given}",
        hint=f"see what else there is: studio models plan {reference}",
    )


def _take_options(model: Model, chosen: Mapping[str, str]) -> Model:
    """Return a reference with these load options; "" takes one out."""
    options = {**dict(model.options), **chosen}
    return Model(model.reference, tuple((name, value) for name, value in options.items() if value != ""))


def _name_opener(opener: ModelOpener) -> str:
    return f"{type(opener).__name__} ({type(opener).__module__})"
