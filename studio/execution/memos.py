"""`Memos`: exact partial results of calls, which `ctx.memo` makes once and finds in the cache after that."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from studio.api import Model, Packed
from studio.api.type_spec import copy_plain
from studio.cache import MISSING, Action, Cache, Undigestable, hash_parts
from studio.cache.codec import is_plain
from studio.errors import StudioError, describe_exception
from studio.execution.call import Call
from studio.execution.digests import find_undigested, is_undigested
from studio.execution.options import CacheMode
from studio.execution.services import Services
from studio.runtime.devices import Device

_OUTPUT = "memo"


class CallMemos:
    """The partial results of one call.

    Args:
        services: Cache, digests and fingerprints.
        mode: What the run asks of the cache.
        call: The call.
        device: Where it computes.
    """

    def __init__(self, services: Services, mode: CacheMode, call: Call, device: Device) -> None:
        self._services = services
        self._mode = mode
        self._call = call
        self._device = device

    def list_models(self, opened: list[Model]) -> dict[str, str]:
        """Return the digests of the models that the call takes as inputs, and of those that it has opened."""
        digests = self._services.digests
        found = {f"opened {index}": digests.digest(model) for index, model in enumerate(opened)}
        for name, end in self._call.node_type.inputs.items():
            if end.spec.name == "model":
                given = self._call.args.get(name)
                found[f"input {name}"] = digests.digest(end.default) if given is None else given.digest
        return found

    def find_or_make(self, key: Any, models: Mapping[str, str], make: Callable[[], Any]) -> Any:
        """Return the partial result of this key; make it if the cache does not have it.

        Raises:
            StudioError: E319 for a key or a result that cannot be kept.
        """
        cache, name = self._services.cache, self._find_name(key, models)
        if name is not None and self._mode is CacheMode.USE:
            found = _find(cache, name)
            if found is not MISSING:
                return copy_plain(found)
        begin = time.perf_counter()
        value = self._settle(make())
        if name is not None and self._mode is not CacheMode.OFF:
            self._keep(name, value, time.perf_counter() - begin)
        return copy_plain(value)

    def _find_name(self, key: Any, models: Mapping[str, str]) -> str | None:
        """Return the name of a partial result; None if nothing names the code or a model."""
        services, node_type = self._services, self._call.node_type
        if services.fingerprints.find(node_type, {}) is None or find_undigested(models.values()):
            return None
        try:
            parts = {"key": services.cache.digest(key)}
        except Undigestable as error:
            hint = "make it of texts, numbers, lists of them, or media"
            raise StudioError("E319", f"invalid key of ctx.memo: {error}", hint=hint) from None
        parts |= {f"code {part}": text for part, text in services.fingerprints.find_parts(node_type).items()}
        parts |= {f"model {which}": digest for which, digest in models.items()}
        parts |= {"kind": _OUTPUT, "device": self._device.kind, "dtype": self._device.dtype}
        return hash_parts(parts)

    def _settle(self, value: Any) -> Any:
        """Return a partial result in a form that can be kept and that nobody can change."""
        try:
            return _freeze(value, self._services.cache)
        except (TypeError, ValueError, StudioError) as error:
            hint = "return JSON, media, or arrays as studio.api.Packed"
            raise StudioError(
                "E319", f"ctx.memo cannot keep this result: {describe_exception(error)}", hint=hint
            ) from None

    def _keep(self, name: str, value: Any, seconds: float) -> None:
        node_type = self._call.node_type
        if self._services.origins.find_changed(node_type):
            return
        digest = self._services.digests.digest(value)
        if not is_undigested(digest):
            action = Action(name, f"{node_type.id} ({_OUTPUT})", {_OUTPUT: digest}, seconds=seconds)
            self._services.cache.record(action, {digest: value}, local=True)


def _find(cache: Cache, name: str) -> Any:
    action = cache.find(name, local=True)
    return MISSING if action is None else cache.load(action.outputs.get(_OUTPUT, ""))


def _freeze(value: Any, cache: Cache) -> Any:
    """Return a value that shares nothing that can change with what it was made of.

    Raises:
        TypeError: The cache cannot store it as it is.
    """
    if isinstance(value, Packed):
        value = Packed(copy_plain(dict(value.header)), {name: _copy_array(one) for name, one in value.arrays.items()})
    elif is_plain(value):
        return copy_plain(value)
    elif isinstance(value, list):
        value = [_freeze(entry, cache) for entry in value]
    elif cache.codecs.find_type(value) is None or cache.codecs.find_stream(value) is not None:
        raise TypeError(f"a {type(value).__name__} is not stored by the cache as it is")
    cache.codecs.encode(value, cache.digest)
    return value


def _copy_array(array: Any) -> Any:
    import numpy as np

    copied = np.array(array, order="C")
    copied.flags.writeable = False
    return copied
