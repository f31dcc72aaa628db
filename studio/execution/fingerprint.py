"""Fingerprints: the name of a node's result before it is made."""

from __future__ import annotations

from collections.abc import Mapping

from blake3 import blake3

from studio.api import NodeType
from studio.api.origin import Origin
from studio.cache import SharedParts, hash_parts
from studio.execution.digests import find_undigested

FORMAT = "1"
SOURCES, STUDIO = "sources", "sources of Studio"
"""Parts of a fingerprint that name files: those of the plugin, and those of Studio's API."""


class Fingerprints:
    """Computes fingerprints; what does not vary between calls of a node type is hashed once.

    Args:
        device: Device class, such as "cpu" or "cuda"; it counts for node types whose results depend on it.
        dtype: Likewise.
        studio: The files of Studio's own API, if it is used from its source folder; they count for all node types.
    """

    def __init__(self, device: str, dtype: str, studio: Origin | None = None) -> None:
        self._device = device
        self._dtype = dtype
        self._studio = studio
        self._heads: dict[NodeType, bytes | None] = {}
        self._shared_parts: dict[NodeType, SharedParts] = {}

    def find(self, node_type: NodeType, digests: Mapping[str, str]) -> str | None:
        """Return the fingerprint of a call, or None if an input has no digest, or nothing names the code.

        Args:
            node_type: What is called.
            digests: Names and digests of all inputs that count.
        """
        try:
            head = self._heads[node_type]
        except KeyError:
            head = self._heads[node_type] = self._make_head(node_type)
        if head is None or (self._studio is not None and self._studio.find_changed()):
            return None
        if find_undigested(digests.values()):
            return None
        tail = "".join([f"{len(name)}:{name}{digest};" for name, digest in sorted(digests.items())])
        return blake3(head + tail.encode()).hexdigest()

    def _make_head(self, node_type: NodeType) -> bytes | None:
        origins = [node_type.origin, *(provider.origin for provider in node_type.value_types.values())]
        if any(origin is not None and origin.sources is None for origin in origins):
            return None
        return bytes.fromhex(hash_parts(self.find_parts(node_type)))

    def find_parts(self, node_type: NodeType, digests: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what a fingerprint is made of, by name, for `studio explain`."""
        return self.find_shared_parts(node_type).values | name_inputs(digests or {})

    def find_shared_parts(self, node_type: NodeType) -> SharedParts:
        """Return the parts that all calls of a node type share."""
        parts = self._shared_parts.get(node_type)
        if parts is None:
            parts = self._shared_parts[node_type] = SharedParts(self._find_constant_parts(node_type))
        return parts

    def _find_constant_parts(self, node_type: NodeType) -> dict[str, str]:
        parts = {
            "format": FORMAT,
            "node type": node_type.id,
            "version": node_type.version,
            "code": str(node_type.code),
            "plugin": f"{node_type.distribution} {node_type.distribution_version}",
        }
        if node_type.origin is not None and node_type.origin.sources:
            parts[SOURCES] = node_type.origin.sources
        if self._studio is not None and self._studio.sources:
            parts[STUDIO] = self._studio.sources
        parts |= {f"value type {name}": str(provider) for name, provider in node_type.value_types.items()}
        if not node_type.device_free:
            parts |= {"device": self._device, "dtype": self._dtype}
        parts |= node_type.settings
        return parts


def name_inputs(digests: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of inputs by the names of their parts."""
    return {f"input {name}": digest for name, digest in digests.items()}
