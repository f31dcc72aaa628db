"""`Shard`: one of N parts of a batch's items, for machines that share nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from blake3 import blake3

from studio.errors import UsageError

_FORM = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
_BYTES = 8


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count`, counted from 1.

    An item belongs to a part by its name alone. Rows that are added, removed or moved change nothing for the others.
    """

    number: int
    count: int

    def __contains__(self, name: str) -> bool:
        """Say whether the item of this name is in this part."""
        digest = blake3(name.encode(errors="surrogateescape")).digest(_BYTES)
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def parse_shard(text: str) -> Shard:
    """Return the part that is written "2/3".

    Raises:
        UsageError: E749 for anything else, and for parts that are not among those counted.
    """
    found = _FORM.fullmatch(text.strip())
    hint = "write --shard 1/3, 2/3 and 3/3 for three machines"
    if found is None:
        raise UsageError("E749", f"invalid shard {text!r}: expected I/N", where="--shard", hint=hint)
    number, count = map(int, found.groups())
    if not 1 <= number <= count:
        message = f"invalid shard {text!r}: I counts from 1 to N"
        raise UsageError("E749", message, where="--shard", hint=hint)
    return Shard(number, count)
