"""Rules for names, units and help of inputs, so that people can guess what an input takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from studio.api import Input, NodeType
from studio.api.type_spec import TypeSpec

_NUMBERS = ("int", "float", "number")
_OTHER_SPELLINGS = {
    "columns": ("chars", "characters per line"),
    "dB": ("db", "decibel", "decibels"),
    "degrees": ("deg", "degree", "°"),
    "factor": ("ratio", "multiplier", "times", "x"),
    "frames per second": ("fps", "frames/s", "images per second"),
    "hertz": ("Hz", "hz", "Hertz"),
    "kbit/s": ("kbps", "kb/s", "kilobits"),
    "pixels": ("px", "pixel"),
    "samples": ("sample",),
    "seconds": ("s", "sec", "secs", "second"),
    "semitones": ("st", "semitone"),
    "share": ("%", "percent", "fraction"),
}
_UNITS = {other: unit for unit, others in _OTHER_SPELLINGS.items() for other in others}
_VAGUE = re.compile(r"(most|least|lowest|highest|smallest|largest|shortest|longest)(_.*)?|min|max|rate")
_UNITS_OF_NAMES = (
    (re.compile(r"(.*_)?seconds"), "seconds"),
    (re.compile(r"fps"), "frames per second"),
    (re.compile(r"sample_rate|(.*_)?frequency"), "hertz"),
    (re.compile(r".*_db"), "dB"),
    (re.compile(r"(.*_)?semitones"), "semitones"),
    (re.compile(r"angle|degrees"), "degrees"),
)
_SENTINEL = re.compile(
    r"(?<![\d.])(0|-1) (for|means|is|lets|takes|keeps|chooses|picks|uses)\b"
    r"(?! (none|nothing|no |off|not|silence|black|the (first|last)))"
)
_LEANING = re.compile(r"(the same|same|another|its|their|of|and|likewise|as above|as before|it|ditto)\b", re.IGNORECASE)
_LEAST_WORDS = 3


def find_naming_problems(declared: NodeType) -> list[str]:
    """Return what makes the inputs of a node type hard to guess, each with what to do.

    Args:
        declared: The node type.
    """
    return [problem for end in declared.inputs.values() for problem in _find_input_problems(end)]


def find_conflicting_names(declared: Iterable[NodeType]) -> list[str]:
    """Return the names that inputs of several node types share though they take different things.

    Args:
        declared: The node types of a plugin.
    """
    kinds: dict[str, dict[str, str]] = {}
    for node_type in declared:
        for end in node_type.inputs.values():
            kind = _find_kind(end.spec)
            if kind:
                kinds.setdefault(end.name, {}).setdefault(kind, node_type.id)
    return [
        f"input {name!r} takes "
        + " and ".join(f"{kind} in {id}" for kind, id in found.items())
        + "; give one a name of its own"
        for name, found in kinds.items()
        if len(found) > 1
    ]


def _find_kind(spec: TypeSpec) -> str:
    """Return what people think of as the type of an input; "" for what takes anything."""
    if spec.name in ("any", "json", "text_or_number"):
        return ""
    kind = {"int": "a number", "float": "a number", "number": "a number", "bool": "yes or no"}.get(spec.name)
    kind = kind or ("text" if spec.name in ("text", "choice") else f"a {spec.name}")
    return f"a list of {kind.removeprefix('a ')}" if spec.depth else kind


def _find_input_problems(end: Input) -> Iterator[str]:
    yield from _find_name_problems(end)
    if end.spec.name in _NUMBERS:
        yield from _find_number_problems(end)
    if end.description:
        yield from _find_help_problems(end)


def _find_name_problems(end: Input) -> Iterator[str]:
    if _VAGUE.fullmatch(end.name):
        yield f"the name of input {end.name!r} is vague; write min_ or max_ and what is limited, or sample_rate, or fps"


def _find_number_problems(end: Input) -> Iterator[str]:
    limits = end.spec.limits
    unit = limits.unit if limits is not None else None
    if unit in _UNITS:
        yield f"input {end.name!r} has the unit {unit!r}; write {_UNITS[unit]!r}, as everywhere"
    wanted = next((unit for names, unit in _UNITS_OF_NAMES if names.fullmatch(end.name)), None)
    if wanted is not None and unit != wanted:
        yield f"input {end.name!r} has no unit {wanted!r}; declare Field(unit={wanted!r})"
    elif unit is None and _is_bounded_fraction(end.spec):
        yield f'input {end.name!r} has limits and no unit; declare Field(unit="factor"), or what it is measured in'
    if not end.required and end.default in (0, -1) and _SENTINEL.search(end.description):
        yield f"input {end.name!r} means something else by its default {end.default}; make it optional, with None"


def _is_bounded_fraction(spec: TypeSpec) -> bool:
    """Say whether a number with a fraction has two limits, other than those of a share, 0 and 1."""
    limits = spec.limits
    if spec.name != "float" or limits is None:
        return False
    least = limits.ge if limits.ge is not None else limits.gt
    most = limits.le if limits.le is not None else limits.lt
    return least is not None and most is not None and (least, most) != (0, 1)


def _find_help_problems(end: Input) -> Iterator[str]:
    if _LEANING.match(end.description):
        yield f"the help of input {end.name!r} leans on another input's: {end.description!r}; begin with what it is"
    elif len(end.description.split()) < _LEAST_WORDS:
        yield f"the help of input {end.name!r} says too little: {end.description!r}; say what it is and what it does"
    if not end.description.rstrip("`\"'").endswith((".", ")", "?", "!")):
        yield f"the help of input {end.name!r} is not a sentence: {end.description!r}; end it with a full stop"
