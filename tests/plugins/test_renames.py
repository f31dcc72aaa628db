"""Names of 0.1.0: a node that uses them runs, and makes what it makes under the names of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from studio.api import Audio, Image, Latent, Mask, Video
from studio.app import Studio
from studio.settings import Settings
from studio_audio.spectrogram import Spectrogram
from tests.plugins.test_first_party_node_types import film, picture, sound

MEDIA = {
    Image: "image",
    Mask: "mask",
    Audio: "audio",
    Video: "video",
    Latent: "latent",
    Spectrogram: "spectrogram",
}
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
CUE = "1\n00:00:00,000 --> 00:00:00,500\nIt rains.\n"
TILES = (("tile", 64, "tile_size"), ("overlap", 8, "tile_overlap"))
SUBTITLES = "video.draw_subtitles"
FROM_TEXT: tuple[tuple[str, Any, str] | tuple[str, Any, str, Any], ...] = (
    ("path", ["a pear"], "later_prompts"),
    ("rate", 10.0, "fps"),
    ("keys", 4.0, "keyframes_per_second"),
    ("width", 0, "width", None),
    ("height", 0, "height", None),
)
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
    renamed(
        "image.frame",
        ("size", 5, "width"),
        ("line", 1, "line_width"),
        *((side, width, f"{side}_width") for side, width in (("left", 1), ("top", 2), ("right", 3), ("bottom", 4))),
        new="image.add_border",
        image=picture(),
    ),
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
VIDEOS = (
    renamed(
        "video.animate",
        ("rate", 10.0, "fps"),
        ("x", 0.2, "focus_x"),
        ("y", 0.3, "focus_y"),
        image=picture(),
        seconds=0.2,
    ),
    renamed(
        "video.animate",
        ("width", 0, "width", None),
        ("height", 0, "height", None),
        ("steps", 0, "steps", None),
        image=picture(),
        seconds=0.1,
    ),
    renamed("video.captions", ("size", 0.3, "font_scale"), new=SUBTITLES, video=film(), subtitles=CUE),
    renamed("video.captions", ("position", "middle", "anchor", "center"), new=SUBTITLES, video=film(), subtitles=CUE),
    renamed("video.captions", ("box", 0.6, "background", "#00000099"), new=SUBTITLES, video=film(), subtitles=CUE),
    renamed("video.captions", ("box", 0.0, "background", None), new=SUBTITLES, video=film(), subtitles=CUE),
    renamed(
        "video.concatenate", ("seconds", 0.25, "transition_seconds"), videos=[film(), film()], transition="crossfade"
    ),
    renamed("video.contact_sheet", ("labels", False, "show_times"), video=film(), count=2, width=32),
    renamed("video.denoise", ("noise", 0.1, "sigma"), ("radius", 1, "frames_around"), video=film()),
    renamed("video.denoise", ("noise", 0.0, "sigma", None), video=film()),
    renamed(
        "video.find_scenes",
        ("shortest", 0.5, "min_seconds"),
        ("most", 2, "max_scenes"),
        outputs={"starts": "starts", "pictures": "images"},
        video=film(),
    ),
    renamed("video.frames", ("times", [0.5, 0.0], "at_seconds"), video=film()),
    renamed("video.from_frames", ("rate", 2.0, "fps"), images=[picture(), picture()]),
    renamed("video.from_text", *FROM_TEXT, prompt="an apple", seconds=0.3, steps=1),
    renamed("video.info", outputs={"rate": "fps", "has_sound": "has_audio", "facts": "facts"}, video=film()),
    renamed(
        "video.interpolate",
        ("rate", 6.0, "fps"),
        ("slowdown", 2.5, "speed", 0.4),
        ("cuts", False, "detect_cuts"),
        video=film(),
    ),
    renamed("video.interpolate", ("slowdown", 3.0, "speed", 1 / 3), video=film()),
    renamed("video.loop", ("times", 3, "count"), video=film()),
    renamed(
        "video.overlay",
        ("picture", picture(8, 8, 4), "image"),
        ("corner", "top_left", "anchor"),
        video=film(),
        margin=1,
    ),
    renamed(
        "video.picture_in_picture",
        ("corner", "top_left", "anchor"),
        ("sound", "film", "audio_from", "video"),
        video=film(),
        inset=film(),
    ),
    *(
        renamed(
            "video.resize",
            ("mode", old, "fit", new),
            ("color", "teal", "background"),
            video=film(),
            width=32,
            height=32,
        )
        for old, new in (("fit", "pad"), ("fill", "cover"), ("stretch", "stretch"))
    ),
    *(
        renamed(
            "video.save", ("encoder", old, "hardware", new), outputs={"text": "path"}, video=film(), path="film.mp4"
        )
        for old, new in (("software", "never"), ("auto", "auto"))
    ),
    renamed(
        "video.save", ("first_number", 7, "start_number"), outputs={"text": "path"}, video=film(), path="f%03d.png"
    ),
    *(
        renamed("video.speed", ("factor", 2.0, "speed"), ("pitch", old, "keep_pitch", new), video=film())
        for old, new in (("keep", True), ("follow", False))
    ),
    renamed("video.stabilize", ("seconds", 0.5, "smoothing_seconds"), ("most_zoom", 1.1, "max_zoom"), video=film()),
    renamed(
        "video.storyboard",
        ("pictures", [picture(), picture(16, 16)], "images"),
        ("passage", 0.2, "transition_seconds"),
        ("music_level", -6.0, "music_gain"),
        ("duck", 12.0, "ducking"),
        ("rate", 4.0, "fps"),
        ("seconds", [0.5], "scene_seconds"),
        music=sound(),
        width=32,
        height=32,
    ),
)
STYLES = (
    renamed("style.colorize", ("strength", 0.5, "saturation"), image=picture(), exemplar=picture(32, 20)),
    renamed("style.photo_filter", ("size", 2.0, "scale"), image=picture()),
    renamed(
        "style.transfer",
        ("weights", [1.0, 2.0], "style_weights"),
        ("steps", 3, "iterations"),
        content=picture(48, 32),
        style=picture(40, 40),
        more_styles=[picture(32, 32)],
        quality="draft",
    ),
    renamed(
        "video.colorize",
        ("key_frames", [picture()], "keyframes"),
        ("times", [0.25], "at_seconds"),
        ("strength", 0.5, "saturation"),
        new="style.colorize_video",
        video=film(),
    ),
    renamed(
        "video.style",
        ("weights", [1.0, 0.5], "style_weights"),
        new="style.transfer_video",
        video=film(),
        style=picture(40, 40),
        more_styles=[picture(32, 32)],
    ),
    renamed("upscale.denoise", *TILES, image=picture()),
    renamed("upscale.image", ("denoise", 0.5, "denoise_strength"), *TILES, image=picture()),
    renamed("upscale.restore", ("always", True, "force"), *TILES, image=picture()),
    renamed(
        "upscale.video",
        ("denoise", 0.5, "denoise_strength"),
        ("frames_at_once", 2, "batch_size"),
        *TILES,
        video=film(),
    ),
)
ROWS = (*IMAGES, *VIDEOS, *STYLES)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A Studio with the plugins that ship, in memory."""
    with Studio(Settings(device="cpu"), on_disk=False) as opened:
        yield opened


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.old)
def test_old_names_and_new_ones_make_the_same(studio: Studio, tmp_path: Path, row: Renamed) -> None:
    old = {**row.values, **{name: value for name, value, _, _ in row.inputs}}
    new = {**row.values, **{name: value for _, _, name, value in row.inputs}}
    edges = {name for name, _, _, _ in row.inputs}

    unversioned = run(studio, tmp_path / "a", row.old, old, list(row.outputs))
    versioned = run(studio, tmp_path / "b", row.old, old, list(row.outputs), version="1.0")
    by_edges = run(studio, tmp_path / "c", row.old, old, list(row.outputs), edges=edges)
    today = run(studio, tmp_path / "d", row.new, new, list(row.outputs.values()))

    assert unversioned == versioned == by_edges == today


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
    made = studio.run(graph, media, output=folder if "save" in node_type else None)
    assert made.errors == []
    return [digest(studio, made[key]) for key in names]


def digest(studio: Studio, value: Any) -> str:
    """Return what names a value by its content; that of a video is made of its frames, times and audio."""
    if not isinstance(value, Video):
        return str(studio.cache.digest(value))
    frames = [f"{frame.time:.9f} {studio.cache.digest(frame.image)}" for frame in value.frames()]
    return " ".join(
        [*frames, str(value.rate), studio.cache.digest(value.audio) if value.audio is not None else "silent"]
    )


def is_json(value: Any) -> bool:
    """Say whether a graph contains a value as it is."""
    return type(value) not in MEDIA and not (isinstance(value, list) and not is_json(value[0]))


def find_type(value: Any) -> str:
    """Return the type of a graph's input for a value."""
    return f"list[{find_type(value[0])}]" if isinstance(value, list) else TYPES.get(type(value), "text")
