"""What ComfyUI's nodes that change or measure a text mean: literals, where the text is one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule

_CASES: dict[str, Callable[[str], str]] = {
    "UPPERCASE": str.upper,
    "lowercase": str.lower,
    "Capitalize": str.capitalize,
    "Title Case": str.title,
}
_TRIMS: dict[str, Callable[[str], str]] = {"Both": str.strip, "Left": str.lstrip, "Right": str.rstrip}
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "Starts With": str.startswith,
    "Ends With": str.endswith,
    "Equal": operator.eq,
}


def _refuse(importer: Importer, node: ForeignNode) -> Any:
    raise ImportGap("a text that is not a literal", "make the text a literal")


def _cut(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [inputs["string"][inputs["start"] : inputs["end"]]]


def _measure(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [len(inputs["string"])]


def _change_case(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [_CASES[inputs["mode"]](inputs["string"])]


def _trim(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [_TRIMS[inputs["mode"]](inputs["string"])]


def _contain(inputs: Mapping[str, Any]) -> Sequence[Any]:
    text, part = _fold_case(inputs, "string", "substring")
    return [part in text]


def _compare(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [_COMPARISONS[inputs["mode"]](*_fold_case(inputs, "string_a", "string_b"))]


def _fold_case(inputs: Mapping[str, Any], *names: str) -> tuple[str, str]:
    first, second = (inputs[name] for name in names)
    if not isinstance(first, str) or not isinstance(second, str):
        raise TypeError(f"{' and '.join(names)} are not texts")
    return (first, second) if inputs.get("case_sensitive", True) else (first.lower(), second.lower())


TEXT_RULES: dict[str, ImportRule] = {
    "StringSubstring": ImportRule(_refuse, ("string", "start", "end"), _cut),
    "StringLength": ImportRule(_refuse, ("string",), _measure),
    "CaseConverter": ImportRule(_refuse, ("string", "mode"), _change_case),
    "StringTrim": ImportRule(_refuse, ("string", "mode"), _trim),
    "StringContains": ImportRule(_refuse, ("string", "substring", "case_sensitive"), _contain),
    "StringCompare": ImportRule(_refuse, ("string_a", "string_b", "mode", "case_sensitive"), _compare),
}
"""What the nodes mean, by class."""
