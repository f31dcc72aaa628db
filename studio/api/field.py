"""Marks for inputs and outputs, used as `Annotated[int, Field(ge=1)]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """Limits of an input; they are checked before anything runs and appear in the JSON Schema.

    Attributes:
        ge: Smallest value allowed (numbers).
        gt: Values must be greater (numbers).
        le: Largest value allowed (numbers).
        lt: Values must be less (numbers).
        min_length: Fewest characters (text) or entries (lists).
        max_length: Most characters (text) or entries (lists).
        pattern: Regular expression that the whole text must match.
        unit: Unit of a number, such as "degrees"; documentation only.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    unit: str | None = None


def describe_unit(unit: str) -> str:
    """Return a unit as it stands after a number: "pixels", or "(a factor)" for a number without one."""
    return f"(a {unit})" if unit in ("factor", "share") else unit


@dataclass(frozen=True, init=False)
class Channels:
    """Channel counts of an image input or output: `Annotated[Image, Channels(3)]`.

    Args:
        *counts: 1 (grey), 3 (RGB), 4 (RGBA), or several of them.
    """

    counts: frozenset[int]

    def __init__(self, *counts: int) -> None:
        object.__setattr__(self, "counts", frozenset(counts))


@dataclass(frozen=True, init=False)
class ModelKinds:
    """Kinds of weights that a model input takes: `Annotated[Model, ModelKinds("controlnet")]`.

    What kind weights are is said by `ModelOpener.find_kind`, from headers. Weights of another kind are found by
    `studio validate` and before a run; weights whose kind no opener knows are taken.

    Args:
        *names: Words that openers use, such as "pipeline", "controlnet" or "lora".
    """

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", frozenset(names))


@dataclass(frozen=True)
class Mark:
    """A mark without content; see `Unkeyed`, `Added` and `Lazy`."""

    name: str


Unkeyed = Mark("unkeyed")
"""`Annotated[int, Unkeyed]`: an input that cannot change the result and stays out of the fingerprint."""

Added = Mark("added")
"""`Annotated[T, Added]`: an input that a later release added. At its default it stays out of the fingerprint, so that
results of before stay valid: the default means what the node type did without it."""

Lazy = Mark("lazy")
"""`Annotated[T, Lazy]`: an input that is evaluated only if the node type's `needs` names it."""
