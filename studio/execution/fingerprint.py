"""Fingerprints: the name of a node's result before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from blake3 import blake3

from studio.api import NodeType
from studio.cache import hash_parts
from studio.execution.digests import is_undigested

FORMAT = "1"


class Fingerprints:
    """Computes fingerprints; what does not vary between calls of a node type is hashed once.

    Args:
        device: Device class, such as "cpu" or "cuda"; it counts for node types whose results depend on it.
        dtype: Likewise.
    """

    def __init__(self, device: str, dtype: str) -> None:
        self._device = device
        self._dtype = dtype
        self._heads: dict[NodeType, bytes] = {}

    def find(self, node_type: NodeType, digests: Iterable[tuple[str, str]]) -> str | None:
        """Return the fingerprint of a call, or None if an input has no digest.

        Args:
            node_type: What is called.
            digests: Names and digests of all inputs that count.
        """
        head = self._heads.get(node_type)
        if head is None:
            head = self._heads[node_type] = bytes.fromhex(hash_parts(self.find_parts(node_type)))
        tail = ""
        for name, digest in sorted(digests):
            if is_undigested(digest):
                return None
            tail += f"{len(name)}:{name}{digest};"
        return blake3(head + tail.encode()).hexdigest()

    def find_parts(self, node_type: NodeType, digests: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what a fingerprint is made of, by name, for `studio explain`."""
        parts = {
            "format": FORMAT,
            "node type": node_type.id,
            "version": node_type.version,
            "code": str(node_type.code),
            "plugin": f"{node_type.distribution} {node_type.distribution_version}",
        }
        if not node_type.device_free:
            parts |= {"device": self._device, "dtype": self._dtype}
        return parts | {f"input {name}": digest for name, digest in (digests or {}).items()}
