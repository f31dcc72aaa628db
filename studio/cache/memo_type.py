"""`MemoType`: the codec of partial results that are arrays with a header: `Packed`. Such a value travels on no edge."""

from __future__ import annotations

from studio.api import Packed, ValueType


class MemoType(ValueType[Packed]):
    """Stores a `Packed` as it is."""

    name = "memo"
    python = Packed

    def pack(self, value: Packed) -> Packed:
        """Return the value."""
        return value

    def unpack(self, packed: Packed) -> Packed:
        """Return the value."""
        return packed
