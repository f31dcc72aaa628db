"""What ComfyUI's nodes for numbers, text and switches mean; most become literals."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from studio.api import StudioError
from studio.api.foreign import ForeignLink, ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_logic.calculate import calculate
from studio_logic.import_packages import PACKAGE_RULES
from studio_logic.import_texts import TEXT_RULES

_LETTERS = "abcd"


def _take_value(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [inputs["value"]]


def _calculate(inputs: Mapping[str, Any]) -> Sequence[Any] | None:
    values = {name: inputs[f"values.{name}"] for name in _LETTERS if f"values.{name}" in inputs}
    try:
        result = calculate(str(inputs["expression"]), {name: value + 0 for name, value in values.items()})
    except StudioError:
        return None
    return [float(result), int(result), bool(result)]


def _add_calculation(importer: Importer, node: ForeignNode) -> Any:
    inputs = {name: importer.get(node, f"values.{name}") for name in _LETTERS}
    edge = importer.add(node, "logic.calculate", {"expression": importer.get(node, "expression"), **inputs})
    whole = importer.add(node, "logic.to_int", {"number": {"from": edge}, "rounding": "to_zero"}, name="whole")
    return Made({"from": edge}, "number"), Made({"from": whole}, "int"), Made({"from": f"{edge}.condition"}, "bool")


def _choose_switch(inputs: Mapping[str, Any]) -> str | None:
    switch = inputs.get("switch")
    return None if isinstance(switch, ForeignLink) else "on_true" if switch else "on_false"


def _add_switch(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"condition": importer.get(node, "switch"), "if_true": importer.get(node, "on_true")}
    inputs["if_false"] = importer.get(node, "on_false")
    if not all(value is None or isinstance(value, Made | str | int | float) for value in inputs.values()):
        raise ImportGap("a switch between models that is not a literal", "make the switch a literal")
    edge = importer.add(node, "logic.switch", inputs)
    kind = next((value.kind for value in inputs.values() if isinstance(value, Made)), "text")
    return Made({"from": edge}, kind)


def _choose_first(inputs: Mapping[str, Any]) -> str | None:
    return next((name for name, value in inputs.items() if value is not None), "")


def _join(inputs: Mapping[str, Any]) -> Sequence[Any]:
    parts = [inputs.get("string_a", ""), inputs.get("string_b", "")]
    return [str(inputs.get("delimiter", "")).join(parts)]


def _add_joined(importer: Importer, node: ForeignNode) -> Any:
    texts = [importer.get(node, "string_a", ""), importer.get(node, "string_b", "")]
    separator = importer.get(node, "delimiter", "")
    return Made({"from": importer.add(node, "logic.join_text", {"texts": texts, "separator": separator})}, "text")


def _replace(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [inputs.get("string", "").replace(inputs["find"], inputs.get("replace", ""))]


def _add_replaced(importer: Importer, node: ForeignNode) -> Any:
    names = {"text": "string", "find": "find", "replacement": "replace"}
    inputs = {ours: importer.get(node, theirs) for ours, theirs in names.items()}
    return Made({"from": importer.add(node, "logic.replace_text", inputs)}, "text")


def _format(inputs: Mapping[str, Any]) -> Sequence[Any] | None:
    text = str(inputs["f_string"])
    for name, value in inputs.items():
        letter = name.removeprefix("values.")
        if letter != name:
            text = text.replace("{" + letter + "}", str(value))
    return None if re.search(r"\{[a-z]\}", text) else [text]


def _select_resolution(inputs: Mapping[str, Any]) -> Sequence[Any]:
    across, down = str(inputs["aspect_ratio"]).partition(" ")[0].split(":")
    ratio, pixels = float(across) / float(down), float(inputs.get("megapixels", 1.0)) * 1024 * 1024
    multiple = int(inputs.get("multiple", 8))
    height = math.sqrt(pixels / ratio)
    return [max(multiple, round(side / multiple) * multiple) for side in (height * ratio, height)]


def _choose_combo(inputs: Mapping[str, Any]) -> Sequence[Any]:
    return [inputs["choice"], inputs.get("index", 0)]


def _convert_number(inputs: Mapping[str, Any]) -> Sequence[Any]:
    value = inputs["value"]
    return [float(value), int(float(value))]


_VALUE = ImportRule(lambda importer, node: importer.get(node, "value"), ("value+",), _take_value)
RULES = {
    **dict.fromkeys(
        (
            "PrimitiveNode",
            "PrimitiveInt",
            "PrimitiveFloat",
            "PrimitiveBoolean",
            "PrimitiveString",
            "PrimitiveStringMultiline",
        ),
        _VALUE,
    ),
    "ComfyMathExpression": ImportRule(_add_calculation, ("expression",), _calculate),
    "ComfySwitchNode": ImportRule(_add_switch, ("switch",), choose=_choose_switch),
    "LazySwitchKJ": ImportRule(_add_switch, ("switch",), choose=_choose_switch),
    "Any Switch (rgthree)": ImportRule(choose=_choose_first),
    "StringConcatenate": ImportRule(_add_joined, ("string_a", "string_b", "delimiter"), _join),
    "StringReplace": ImportRule(_add_replaced, ("string", "find", "replace"), _replace),
    "StringFormat": ImportRule(widgets=("f_string",), fold=_format),
    "ResolutionSelector": ImportRule(widgets=("aspect_ratio", "megapixels", "multiple"), fold=_select_resolution),
    "CustomCombo": ImportRule(widgets=("choice", "index"), fold=_choose_combo),
    "ComfyNumberConvert": ImportRule(widgets=("value",), fold=_convert_number),
    "PreviewAny": ImportRule(widgets=(), choose=lambda inputs: "source" if "source" in inputs else ""),
    "Int-🔬": ImportRule(fold=lambda inputs: [int(inputs["Number"])]),
    "Float-🔬": ImportRule(fold=lambda inputs: [float(inputs["Number"])]),
    **PACKAGE_RULES,
    **TEXT_RULES,
    "easy cleanGpuUsed": ImportRule(choose=_choose_first),
}
"""What nodes of ComfyUI mean, by class."""
