"""What nodes of widespread packages for ComfyUI mean: numbers, texts, and what only shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.api import StudioError
from studio.api.foreign import ForeignNode, Importer, ImportRule, Made
from studio_logic.calculate import calculate

_LETTERS = "abc"
_TEXTS = ("text_a", "text_b", "text_c", "text_d")


def _take(name: str, *more: str, slots: int = 1) -> ImportRule:
    """Return a rule for a node whose outputs are the value at an input."""

    def convert(importer: Importer, node: ForeignNode) -> Any:
        return (importer.get(node, name),) * slots

    def fold(inputs: Mapping[str, Any]) -> Sequence[Any] | None:
        return [inputs[name]] * slots if name in inputs else None

    return ImportRule(convert, (name, *more), fold)


def _calculate(name: str, *, nearest: bool) -> ImportRule:
    """Return a rule for a node that works out an expression of a, b and c: a whole number, the number, and its text."""

    def fold(inputs: Mapping[str, Any]) -> Sequence[Any] | None:
        try:
            result = calculate(str(inputs[name]), {letter: inputs.get(letter, 0) + 0 for letter in _LETTERS})
        except (StudioError, TypeError):
            return None
        return [round(result) if nearest else int(result), float(result), str(result)]

    def convert(importer: Importer, node: ForeignNode) -> Any:
        inputs = {letter: importer.get(node, letter) for letter in _LETTERS}
        edge = importer.add(node, "logic.calculate", {"expression": importer.get(node, name), **inputs})
        rounded = {"number": {"from": edge}, "rounding": None if nearest else "to_zero"}
        whole = importer.add(node, "logic.to_int", rounded, name="whole")
        return Made({"from": whole}, "int"), Made({"from": edge}, "number")

    return ImportRule(convert, (name,), fold)


def _join(inputs: Mapping[str, Any]) -> Sequence[Any]:
    texts = [str(inputs[name]) for name in _TEXTS if inputs.get(name)]
    if str(inputs.get("clean_whitespace", "true")) == "true":
        texts = [text.strip() for text in texts]
    return [str(inputs.get("delimiter", ", ")).replace("\\n", "\n").join(texts)]


def _add_joined(importer: Importer, node: ForeignNode) -> Any:
    texts = [value for value in (importer.get(node, name) for name in _TEXTS) if value not in (None, "")]
    if str(importer.get(node, "clean_whitespace", "true")) == "true":
        importer.differ(node, "space around the texts stays")
    inputs = {"texts": texts, "separator": str(importer.get(node, "delimiter", ", ")).replace("\\n", "\n")}
    return Made({"from": importer.add(node, "logic.join_text", inputs)}, "text")


def _convert(kind: Callable[[float], Any]) -> ImportRule:
    return ImportRule(fold=lambda inputs: [kind(float(inputs["number"]))])


PACKAGE_RULES: dict[str, ImportRule] = {
    "SimpleMath+": _calculate("value", nearest=True),
    "MathExpression|pysssss": _calculate("expression", nearest=False),
    **dict.fromkeys(("INTConstant", "FloatConstant", "easy int", "easy float", "easy string"), _take("value")),
    **dict.fromkeys(("StringConstant", "StringConstantMultiline"), _take("string", "strip_newlines")),
    **dict.fromkeys(("Seed (rgthree)", "easy seed", "CR Seed"), _take("seed")),
    "Seed": _take("seed", slots=4),
    "Text Multiline": _take("text"),
    "CR Text": _take("text"),
    "CR Prompt Text": _take("prompt"),
    "ShowText|pysssss": _take("text"),
    "Text Concatenate": ImportRule(_add_joined, ("delimiter", "clean_whitespace", *_TEXTS), _join),
    "Number to Int": _convert(int),
    "Number to Float": _convert(float),
    "Display Any (rgthree)": ImportRule(role="viewer"),
}
"""What the nodes mean, by class."""
