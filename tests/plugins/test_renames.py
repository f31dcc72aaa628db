"""Names of 0.1.0: a node that uses them runs, and makes what it makes under the names of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from studio.api import Audio, Image, Mask, Video
from studio.app import Studio
from studio.settings import Settings
from studio_audio.spectrogram import Spectrogram
from tests.plugins.test_first_party_node_types import picture

MEDIA = {Image: "image", Mask: "mask", Audio: "audio", Video: "video", Spectrogram: "spectrogram"}
TYPES = {**MEDIA, bool: "bool", int: "int", float: "float"}


@dataclass(frozen=True)
class Renamed:
    """A node under names of 0.1.0 and under those of today.

    Attributes:
        old: Its type then.
        new: Its type today.
        values: Inputs whose names stayed.
        inputs: Old names and values with new ones.
        outputs: Old names of outputs with new ones.
    """

    old: str
    new: str
    values: Mapping[str, Any]
    inputs: tuple[tuple[str, Any, str, Any], ...]
    outputs: Mapping[str, str]


def renamed(
    old: str,
    *inputs: tuple[str, Any, str] | tuple[str, Any, str, Any],
    new: str = "",
    outputs: Mapping[str, str] | None = None,
    **values: Any,
) -> Renamed:
    """Return a row: (old name, value, new name), and the new value where it is another one."""
    rows = tuple((entry[0], entry[1], entry[2], entry[-1] if len(entry) == 4 else entry[1]) for entry in inputs)
    return Renamed(old, new or old, values, rows, outputs or {"": ""})


ANGLES = (-90.0, 0.0, 33.3, 90.0, 180.0, 450.0)
FITS = (("fit", "contain"), ("fill", "cover"), ("stretch", "stretch"), ("pad", "pad"))
BOTH = [picture(), picture(16, 16, 4)]
IMAGES = (
    renamed(
        "image.blend", ("first", picture(), "base"), ("second", picture(24, 16, 3), "top"), ("amount", 0.3, "opacity")
    ),
    renamed(
        "image.caption",
        ("style", "print", "layout"),
        ("position", "top", "anchor"),
        ("band_color", "navy", "background"),
        ("text_color", "white", "color"),
        ("size", 0.1, "font_scale"),
        image=picture(96, 64),
        text="A title",
    ),
    renamed("image.convert", ("colors", "grey", "channels"), ("bits", "8", "depth", "uint8"), image=picture()),
    renamed("image.convert", ("bits", "float", "depth", "float32"), image=picture()),
    renamed("image.convert", ("bits", "16", "depth", "uint16"), image=picture()),
    renamed(
        "image.draw_text",
        ("size", 12.0, "font_size"),
        ("x", 3.0, "offset_x"),
        ("y", -2.0, "offset_y"),
        ("box", "#00000080", "background"),
        ("box_radius", 0.5, "background_radius"),
        image=picture(96, 64),
        text="Hm",
    ),
    renamed(
        "image.edges",
        ("low", 0.02, "low_threshold"),
        ("high", 0.1, "high_threshold"),
        ("blur", 0.5, "sigma"),
        image=picture(),
    ),
    renamed("image.frame", ("size", 5, "width"), ("line", 1, "line_width"), new="image.add_border", image=picture()),
    renamed("image.caption", ("size", 0.0, "font_scale", None), image=picture(96, 64), text="A title"),
    renamed("image.gradient", ("course", "radial", "kind"), width=16, height=8),
    *(renamed("image.gradient", ("degrees", 90.0 - angle, "angle", angle), width=16, height=8) for angle in ANGLES),
    *(
        renamed("image.grid", ("fit", old, "fit", new), images=BOTH, cell_width=20, cell_height=20)
        for old, new in FITS[:3]
    ),
    renamed("image.grid", ("label_size", 0.0, "label_font_size", None), images=BOTH, labels=["a", "b"]),
    renamed("image.grid", ("label_size", 12.0, "label_font_size"), images=BOTH, labels=["a", "b"]),
    renamed("image.mask_from_luma", ("low", 0.2, "black_point"), ("high", 0.8, "white_point"), image=picture()),
    renamed("image.new_mask", ("left", 3.0, "x"), ("top", 2.0, "y"), width=24, height=16),
    *(
        renamed(
            "image.resize",
            ("mode", old, "fit", new),
            ("color", "teal", "background"),
            image=picture(),
            width=20,
            height=20,
        )
        for old, new in FITS
    ),
    renamed("image.rotate", ("color", "teal", "background"), image=picture()),
    *(renamed("image.rotate", ("degrees", -angle, "angle", angle), image=picture()) for angle in ANGLES),
    renamed("image.save", outputs={"text": "path"}, image=picture(), path="saved/picture.png"),
    renamed(
        "image.threshold",
        ("level", 0.3, "threshold"),
        outputs={"image": "image", "level": "threshold"},
        image=picture(),
    ),
)
ROWS = (*IMAGES,)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A Studio with the plugins that ship, in memory."""
    with Studio(Settings(device="cpu"), on_disk=False) as opened:
        yield opened


@pytest.mark.parametrize("version", [None, "1.0"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.old)
def test_old_names_and_new_ones_make_the_same(
    studio: Studio, tmp_path: Path, row: Renamed, version: str | None
) -> None:
    old = {name: value for name, value, _, _ in row.inputs}
    new = {name: value for _, _, name, value in row.inputs}

    before = run(studio, tmp_path / "old", row.old, {**row.values, **old}, list(row.outputs), version)
    after = run(studio, tmp_path / "new", row.new, {**row.values, **new}, list(row.outputs.values()))

    assert before == after


@pytest.mark.parametrize("row", [row for row in ROWS if row.inputs], ids=lambda row: row.old)
def test_values_on_edges_follow(studio: Studio, tmp_path: Path, row: Renamed) -> None:
    old = {name: value for name, value, _, _ in row.inputs}
    new = {name: value for _, _, name, value in row.inputs}

    before = run(studio, tmp_path / "old", row.old, {**row.values, **old}, list(row.outputs), None, edges=set(old))
    after = run(studio, tmp_path / "new", row.new, {**row.values, **new}, list(row.outputs.values()))

    assert before == after


def run(
    studio: Studio,
    folder: Path,
    node_type: str,
    inputs: Mapping[str, Any],
    outputs: list[str],
    version: str | None = None,
    edges: set[str] | frozenset[str] = frozenset(),
) -> list[str]:
    """Run a graph of one node; return the digests of its outputs.

    Args:
        studio: Runs it.
        folder: For files that it writes.
        node_type: The node's type.
        inputs: Its inputs.
        outputs: Names of its outputs; "" for the first.
        version: The version that it states.
        edges: Inputs that come from inputs of the graph; media always do.
    """
    media = {name: value for name, value in inputs.items() if name in edges or not is_json(value)}
    ends = {name: {"from": f"inputs.{name}"} if name in media else value for name, value in inputs.items()}
    node = {"type": node_type, "inputs": ends} | ({"version": version} if version else {})
    names = {f"o{index}": name for index, name in enumerate(outputs)}
    graph = {
        "studio": 1,
        "inputs": {name: {"type": find_type(value)} for name, value in media.items()},
        "nodes": {"a": node},
        "outputs": {key: {"from": f"a.{name}" if name else "a"} for key, name in names.items()},
    }
    made = studio.run(graph, media, output=folder)
    assert [error for error in made.errors if "cannot be written to files" not in error.message] == []  # spectrograms
    return [studio.cache.digest(made[key]) for key in names]


def is_json(value: Any) -> bool:
    """Say whether a graph contains a value as it is."""
    return type(value) not in MEDIA and not (isinstance(value, list) and not is_json(value[0]))


def find_type(value: Any) -> str:
    """Return the type of a graph's input for a value."""
    return f"list[{find_type(value[0])}]" if isinstance(value, list) else TYPES.get(type(value), "text")
