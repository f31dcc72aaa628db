"""`Model`: a small hashable value that names weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from studio.errors import ModelError

SCHEMES = ("builtin", "local", "file", "hub", "kept")
REFERENCE = re.compile(rf"({'|'.join(SCHEMES)}):.")
"""Begins like a reference: a text of load options or of an input that may name weights."""
REFERENCE_HINT = "write builtin:NAME, local:NAME, file:PATH, hub:OWNER/NAME@REVISION or kept:DIGEST"
_HUB = re.compile(r"hub:[\w.-]+/[\w.-]+(@[\w./-]+)?")
MODEL_NAME = re.compile(r"[\w.-]+")
"""What follows `builtin:` and `local:`."""
_NAMED = re.compile(rf"(builtin|local):{MODEL_NAME.pattern}|kept:[0-9a-f]{{64}}")


@dataclass(frozen=True)
class Model:
    """A reference to weights: `builtin:NAME`, `local:NAME`, `file:PATH`, `hub:OWNER/NAME@REVISION` or `kept:DIGEST`.

    Attributes:
        reference: The reference as text.
        options: Load options by name, sorted; they enter fingerprints beside the content hash.

    Raises:
        ModelError: E601 for an invalid reference.

    Example:
        from studio.api import Model

        model = Model("hub:owner/name@main", options=(("scale", 4),))

        assert (model.scheme, model.target) == ("hub", "owner/name@main")
        assert Model.from_json(model.to_json()) == model
    """

    studio_type: ClassVar[str] = "model"
    reference: str
    options: tuple[tuple[str, str | int | float | bool | None], ...] = field(default=())

    def __post_init__(self) -> None:
        text = self.reference
        if not (_NAMED.fullmatch(text) or _HUB.fullmatch(text) or (text.startswith("file:") and len(text) > 5)):
            raise ModelError(
                "E601",
                f"invalid model reference {text!r}",
                hint=REFERENCE_HINT,
            )
        object.__setattr__(self, "options", tuple(sorted(self.options)))

    def __repr__(self) -> str:
        return f"Model({self.reference!r}, {self.options})" if self.options else f"Model({self.reference!r})"

    @classmethod
    def from_json(cls, value: str | Mapping[str, Any]) -> Model:
        """Return a reference from its JSON in a graph.

        Args:
            value: Text, or `{"model": text, "options": {...}}`.

        Raises:
            ModelError: E601 for an invalid reference.
        """
        if isinstance(value, str):
            return cls(value)
        return cls(value["model"], tuple(value.get("options", {}).items()))

    def to_json(self) -> str | dict[str, Any]:
        """Return the JSON of this reference in a graph."""
        return {"model": self.reference, "options": dict(self.options)} if self.options else self.reference

    @property
    def scheme(self) -> str:
        """ "builtin", "local", "file", "hub" or "kept"."""
        return self.reference.partition(":")[0]

    @property
    def target(self) -> str:
        """The part after the colon."""
        return self.reference.partition(":")[2]

    def __str__(self) -> str:
        return self.reference
