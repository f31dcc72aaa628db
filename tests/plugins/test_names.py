"""Names, units and help of all node types that ship."""

from __future__ import annotations

import pytest

from studio.api import NodeType, get_node_type
from studio.testing.naming import find_conflicting_names, find_naming_problems
from tests.plugins.test_first_party_node_types import PLUGINS

NODE_TYPES = {
    get_node_type(function).id: get_node_type(function) for plugin in PLUGINS for function in plugin.studio_node_types()
}
UNITS = {
    "columns", "days", "dB", "dBTP", "degrees", "delta E", "em", "factor", "frames", "frames per second", "hertz",
    "kB", "kbit/s", "megapixels", "LU", "LUFS", "pixels", "pixels per inch", "samples", "seconds", "semitones",
    "share", "stops",
}  # fmt: skip
TWO_TYPES = {
    "a": "logic.compare_text compares texts as logic.compare numbers",
    "b": "likewise",
    "top": "a side in diffusion.outpaint, a layer where two are blended",
}
"""Names with two types, and why."""


@pytest.mark.parametrize("name", NODE_TYPES)
def test_every_name_can_be_guessed(name: str) -> None:
    assert find_naming_problems(NODE_TYPES[name]) == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.__name__)
def test_one_name_has_one_type_in_a_plugin(plugin: object) -> None:
    own = [get_node_type(function) for function in plugin.studio_node_types()]  # type: ignore[attr-defined]

    problems = [problem for problem in find_conflicting_names(own) if problem.split("'")[1] not in TWO_TYPES]

    assert problems == []


def test_units_are_words_of_one_list() -> None:
    units = {end.spec.limits.unit for end in list_inputs(NODE_TYPES) if end.spec.limits is not None}

    assert units - {None} <= UNITS


def test_no_output_is_named_after_its_type() -> None:
    names = {"json", "jsons", "bool", "bools", "int", "ints", "float", "floats"}

    assert [name for name, found in NODE_TYPES.items() if names & found.outputs.keys()] == []


def test_an_output_of_numbers_says_its_unit() -> None:
    words = {"seconds": "second", "starts": "second", "sample_rate": "hertz", "width": "pixel", "height": "pixel"}
    words |= {"fps": "per second", "loudness": "LUFS", "tempo": "beats per minute", "gain_reduction": "dB"}

    found = {
        f"{node_type.id}.{name}": end.description
        for node_type in NODE_TYPES.values()
        for name, end in node_type.outputs.items()
        if name in words and end.spec.name in ("int", "float") and words[name] not in end.description
    }

    assert found == {}


def list_inputs(node_types: dict[str, NodeType]) -> list:
    return [end for node_type in node_types.values() for end in node_type.inputs.values()]


@pytest.mark.parametrize("node_type", NODE_TYPES.values(), ids=lambda node_type: node_type.id)
def test_a_node_type_says_what_it_does_to_media(node_type: NodeType) -> None:
    makes = {end.spec.name for end in node_type.outputs.values()} & {"image", "mask", "latent", "audio", "video", "any"}

    assert not makes or node_type.content_origin is not None
