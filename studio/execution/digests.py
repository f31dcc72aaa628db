"""`Digests`: digests of values as inputs, of defaults, and the names of values that have no digest."""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterable, Sequence
from typing import Any

from studio.api import Input, Model, NodeType
from studio.cache import Cache, Undigestable, digest_list
from studio.runtime.devices import Device
from studio.runtime.models import Models

_UNDIGESTED = "~"


def name_undigested() -> str:
    """Return a name, used once, for a value that has no digest."""
    return _UNDIGESTED + uuid.uuid4().hex


def is_undigested(digest: str) -> bool:
    """Return whether this names a value without a digest: whatever depends on it has no fingerprint."""
    return digest.startswith(_UNDIGESTED)


def find_undigested(digests: Iterable[str]) -> str | None:
    """Return the first of these that names a value without a digest, if one does."""
    for digest in digests:
        if digest.startswith(_UNDIGESTED):
            return digest
    return None


def join_digests(digests: Sequence[str]) -> str:
    """Return the digest of a list from those of its entries; a list with an undigested entry is undigested too."""
    return find_undigested(digests) or digest_list(digests)


class Digests:
    """Computes digests of inputs; those of defaults are computed once for each node type.

    Args:
        cache: Knows how values of each type are digested.
        models: Knows the content of weights.
        device: Where models are opened; load options with the value "auto" depend on it.
    """

    def __init__(self, cache: Cache, models: Models, device: Device) -> None:
        self._cache = cache
        self._models = models
        self._device = device
        self._model_inputs: dict[NodeType, list[Input]] = {}
        self._defaults: dict[NodeType, dict[str, tuple[str, Any]]] = {}

    def digest(self, value: Any) -> str:
        """Return the digest of a value as an input, or a name used once for a value that has none.

        A model reference, also one in a list, counts by the content of its weights, and by the code that opens it where
        that is no release.
        """
        kind = type(value)
        try:
            if kind is Model:
                code = self._models.name_code(value)
                settled = self._models.settle_choices(value, self._device)
                return self._cache.digest([settled.to_json(), self._models.digest(value), *([code] if code else [])])
            if kind is list and any(type(entry) is Model or type(entry) is list for entry in value):
                return join_digests([self.digest(entry) for entry in value])
            return self._cache.digest(value)
        except Undigestable:
            return name_undigested()

    def find_defaults(self, node_type: NodeType, given: Container[str] = ()) -> dict[str, tuple[str, Any]]:
        """Return digest and value of each default of a node type.

        Args:
            node_type: The node type.
            given: Names of inputs whose defaults are not needed; some of them are returned all the same.
        """
        found = self._defaults.get(node_type)
        if found is None:
            optional = [end for end in node_type.inputs.values() if not end.required]
            self._model_inputs[node_type] = [end for end in optional if _is_model(end)]
            found = self._defaults[node_type] = self._digest_defaults(end for end in optional if not _is_model(end))
        models = [end for end in self._model_inputs[node_type] if end.name not in given]
        if not models:  # weights may change from run to run, and are read only if they are needed
            return found
        return found | self._digest_defaults(models)

    def _digest_defaults(self, ends: Iterable[Input]) -> dict[str, tuple[str, Any]]:
        return {end.name: (self.digest(end.default), end.default) for end in ends}


def _is_model(end: Input) -> bool:
    return end.spec.name == "model" and end.default is not None
