"""Evidence of where a file comes from, for plugins that find some: the hook `studio_evidence`.

Part of the plugin contract: the names in `__all__`. `studio verify --detect` lists all evidence, with its strength.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

__all__ = ["Evidence", "Strength"]

Strength: TypeAlias = Literal["proof", "strong", "weak"]
"""How much a piece of evidence proves.

"proof": Cryptography holds it: a valid signature, a recorded digest. "strong": It does not arise by chance, but can be
copied or removed: a mark with error correction. "weak": Anyone can write it: a label, a text chunk, a file name.
"""

STRENGTHS: tuple[str, ...] = get_args(Strength)


@dataclass(frozen=True)
class Evidence:
    """One thing that a file says of where it comes from.

    Attributes:
        source: Where it was found, such as "mark" or "label"; a word that scripts can compare.
        statement: What it says, as one line for people.
        strength: How much it proves.
        details: The same for scripts, as plain JSON.

    Raises:
        ValueError: An empty source or statement, or an unknown strength.
    """

    source: str
    statement: str
    strength: Strength
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.source or not self.statement.strip():
            raise ValueError("evidence needs a source and a statement")
        if self.strength not in STRENGTHS:
            raise ValueError(f"invalid strength {self.strength!r} (expected one of {', '.join(STRENGTHS)})")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "source": self.source,
            "statement": self.statement,
            "strength": self.strength,
            "details": dict(self.details),
        }
