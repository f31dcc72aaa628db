"""How weights of these networks name their tensors; nothing heavy is imported here."""

from __future__ import annotations

import re
from collections.abc import Mapping

Shape = tuple[int, ...]

BLOCKS = {16: (2, 2, 4, 4, 4), 13: (2, 2, 3, 3, 3)}
"""Convolutions in each block of a VGG, by how many there are: VGG-19 and VGG-16."""

_PREFIXES = ("", "module.", "model.", "vgg.", "net.")
_NUMBERED = re.compile(r"(?:features\.)?(\d+)\.(weight|bias)")
_NAMED = re.compile(r"conv(\d)_(\d)\.(weight|bias)")


def is_vgg(shapes: Mapping[str, Shape]) -> bool:
    """Say whether tensors of these names and shapes begin as the features of a VGG do."""
    found = find_vgg_keys(shapes)
    first = shapes.get(found.get("0.weight", ""), ())
    second = shapes.get(found.get("2.weight", ""), shapes.get(found.get("3.weight", ""), ()))
    return len(first) == 4 and first[1:] == (3, 3, 3) and len(second) == 4 and second[1:] == (first[0], 3, 3)


def is_adain(shapes: Mapping[str, Shape]) -> bool:
    """Say whether tensors of these names are an encoder and a decoder."""
    return "encoder.0.weight" in shapes and "decoder.1.weight" in shapes


def find_vgg_keys(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Find, for keys as `nn.Sequential` has them ("0.weight"), the names that weights have."""
    for prefix in _PREFIXES:
        inner = {key[len(prefix) :]: key for key in shapes if key.startswith(prefix)}
        features = {short: key for short, key in inner.items() if short.startswith("features.")}
        numbered = _match_keys(features or inner, _NUMBERED)
        if numbered:
            return {f"{match[1]}.{match[2]}": key for match, key in numbered.items()}
        named = _match_keys(features or inner, _NAMED)
        if named:
            return _number_layers(named)
    return {}


def _match_keys(keys: Mapping[str, str], pattern: re.Pattern[str]) -> dict[re.Match[str], str]:
    return {match: key for short, key in keys.items() if (match := pattern.fullmatch(short))}


def _number_layers(named: Mapping[re.Match[str], str]) -> dict[str, str]:
    """Turn block and number of each convolution into its place among ReLUs and poolings."""
    counts = BLOCKS.get(len({(match[1], match[2]) for match in named}), BLOCKS[16])
    places: dict[tuple[int, int], int] = {}
    place = 0
    for block, count in enumerate(counts, 1):
        for number in range(1, count + 1):
            places[block, number] = place
            place += 2
        place += 1
    found = {}
    for match, key in named.items():
        at = places.get((int(match[1]), int(match[2])))
        if at is not None:
            found[f"{at}.{match[3]}"] = key
    return found
