"""Color spaces in runs: they travel, are cached, and are converted where a node type does not take them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from fakes import Recorder, create_settings, graph

from studio.api import ColorSpace, Context, Frame, Image, ImageType, Lazy, Mask, MediaLimits, Video, hookimpl, node
from studio.app import Studio

LINEAR = ColorSpace("linear", "acescg")
WARNING = "inputs in other color spaces were converted to sRGB and clipped to [0, 1]: color.{} takes sRGB only"
SRGB_OF_HALF = 1.055 * 0.5 ** (1 / 2.4) - 0.055
"""Half the light of a grey, as an sRGB sample."""


class ColorPlugin:
    """Node types that make and take linear values; it counts what they see."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, ColorSpace, float]] = []

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        """Return the node types."""

        @node("color.make_image")
        def make_image(ctx: Context, *, level: float = 0.5) -> Image:
            """Make a linear image: the level, and ten times the level."""
            return Image(np.array([[[level] * 3, [10 * level] * 3]], np.float32), color=LINEAR)

        @node("color.make_mask")
        def make_mask(ctx: Context) -> Mask:
            """Make a linear mask."""
            return Mask(np.array([[0.5, 5.0]], np.float32), color=ColorSpace("linear"))

        @node("color.make_video")
        def make_video(ctx: Context, *, frames: int = 4, first: int = 0) -> Video:
            """Make a linear video: frame n has the level (n + first) / 2."""

            def create_frames() -> Iterator[Frame]:
                for index in range(frames):
                    level = (index + first) / 2
                    yield Frame(Image(np.full((8, 8, 3), level, np.float32), color=LINEAR), index / 4)

            return Video(create_frames, width=8, height=8, rate=Fraction(4), count=frames, color=LINEAR)

        @node("color.plain")
        def take_plain(ctx: Context, image: Image) -> Image:
            """Take an image in sRGB."""
            self._note("plain", image)
            return image

        @node("color.linear", encodings=("linear",))
        def take_linear(ctx: Context, image: Image) -> Image:
            """Take a linear image, and double it."""
            self._note("linear", image)
            return Image(image.pixels * 2, color=image.color)

        @node("color.all")
        def take_all(ctx: Context, images: list[Image], mask: Mask | None = None) -> int:
            """Take a list of images and a mask."""
            for value in [*images, *([mask] if mask else [])]:
                self._note("all", value)
            return len(images)

        @node("color.video")
        def take_video(ctx: Context, video: Video) -> float:
            """Take a video in sRGB; return the largest sample."""
            for frame in video.frames():
                self._note("video", frame.image)
            return max(float(frame.image.pixels.max()) for frame in video.frames())

        def need(image: Image) -> list[str]:
            self._note("needs", image)
            return []

        @node("color.lazy", needs=need)
        def maybe(ctx: Context, image: Image, *, other: Annotated[Image | None, Lazy] = None) -> int:
            """Look at an image and perhaps at another."""
            self._note("lazy", image)
            return 0 if other is None else 1

        @node("color.any")
        def hand_on(ctx: Context, value: Any) -> Any:
            """Return a value of any type."""
            return value

        return [make_image, make_mask, make_video, take_plain, take_linear, take_all, take_video, maybe, hand_on]

    def _note(self, name: str, value: Image | Mask) -> None:
        self.seen.append((name, value.color, float(value.pixels.max())))


@pytest.fixture
def plugin() -> ColorPlugin:
    """The plugin."""
    return ColorPlugin()


@pytest.fixture
def studio(tmp_path: Path, plugin: ColorPlugin) -> Iterator[Studio]:
    """A Studio with the plugin alone."""
    with Studio(create_settings(tmp_path / "cache"), plugins=[("color", plugin)], discover=False) as made:
        yield made


def list_warnings(result: Any) -> dict[str, list[str]]:
    return {name: facts["warnings"] for name, facts in result.manifest["nodes"].items() if facts["warnings"]}


def test_a_linear_image_arrives_unconverted_where_it_is_taken(studio: Studio, plugin: ColorPlugin) -> None:
    nodes = {"a": ("color.make_image", {}), "b": ("color.linear", {"image": "@a"})}

    result = studio.run(graph(nodes, o="b"))

    assert plugin.seen == [("linear", LINEAR, 5.0)]
    assert result["o"].color == LINEAR
    np.testing.assert_array_equal(result["o"].pixels[0, :, 0], [1.0, 10.0])
    assert list_warnings(result) == {}


def test_a_linear_image_becomes_srgb_where_it_is_not_taken_and_the_node_says_so(
    studio: Studio, plugin: ColorPlugin
) -> None:
    nodes = {"a": ("color.make_image", {}), "b": ("color.plain", {"image": "@a"})}

    result = studio.run(graph(nodes, o="b"))

    assert plugin.seen == [("plain", ColorSpace(), 1.0)]
    np.testing.assert_allclose(result["o"].pixels[0, :, 0], [SRGB_OF_HALF, 1.0], atol=1e-6)
    assert list_warnings(result) == {"b": [WARNING.format("plain")]}


def test_a_linear_image_is_found_in_the_cache_as_it_was(tmp_path: Path, plugin: ColorPlugin) -> None:
    nodes = {"a": ("color.make_image", {}), "b": ("color.plain", {"image": "@a"})}
    results = []

    for _ in range(2):
        with Studio(create_settings(tmp_path / "cache"), plugins=[("color", plugin)], discover=False) as studio:
            results.append(studio.run(graph(nodes, a="a", b="b")))

    first, second = results
    assert second.manifest["cache"] == {"hits": 2, "calls": 2}
    assert second["a"] == first["a"]
    assert second["a"].color == LINEAR
    assert list_warnings(second) == list_warnings(first) == {"b": [WARNING.format("plain")]}


def test_many_calls_of_a_node_have_one_warning(studio: Studio) -> None:
    nodes = {"a": ("color.make_image", {"level": [0.1, 0.2, 0.3]}), "b": ("color.plain", {"image": "@a"})}

    result = studio.run(graph(nodes, o="b"))

    assert len(result["o"]) == 3
    assert list_warnings(result) == {"b": [WARNING.format("plain")]}


def test_lists_and_masks_are_converted_too_with_one_warning(studio: Studio, plugin: ColorPlugin) -> None:
    nodes = {
        "a": ("color.make_image", {}),
        "m": ("color.make_mask", {}),
        "b": ("color.all", {"images": ["@a", "@a"], "mask": "@m"}),
    }

    result = studio.run(graph(nodes, o="b"))

    assert plugin.seen == [("all", ColorSpace(), 1.0)] * 3
    assert list_warnings(result) == {"b": [WARNING.format("all")]}


def test_an_input_of_any_type_is_left_alone(studio: Studio) -> None:
    nodes = {"a": ("color.make_image", {}), "b": ("color.any", {"value": "@a"})}

    result = studio.run(graph(nodes, o="b"))

    assert result["o"].color == LINEAR
    assert list_warnings(result) == {}


def test_a_linear_video_is_converted_frame_by_frame(studio: Studio, plugin: ColorPlugin) -> None:
    nodes = {"a": ("color.make_video", {}), "b": ("color.video", {"video": "@a"})}

    result = studio.run(graph(nodes, o="b"))

    assert {color for _, color, _ in plugin.seen} == {ColorSpace()}
    assert [level for _, _, level in plugin.seen] == pytest.approx([0.0, SRGB_OF_HALF, 1.0, 1.0], abs=1e-6)
    assert list_warnings(result) == {"b": [WARNING.format("video")]}


def test_a_node_type_for_images_gets_the_frames_of_a_linear_video_as_it_takes_them(
    studio: Studio, plugin: ColorPlugin
) -> None:
    nodes = {
        "a": ("color.make_video", {}),
        "b": ("color.linear", {"image": "@a"}),
        "c": ("color.plain", {"image": "@b"}),
    }

    result = studio.run(graph(nodes, b="b", c="c"))

    assert {(color, level) for name, color, level in plugin.seen if name == "linear"} == {
        (LINEAR, index / 2)
        for index in range(4)  # fast frames may be made twice
    }
    assert result["b"].color == LINEAR
    assert [frame.image.pixels.max() for frame in result["b"].frames()] == [0.0, 1.0, 2.0, 3.0]
    assert result["c"].color == ColorSpace()
    assert [frame.image.to_uint8().max() for frame in result["c"].frames()] == [0, 255, 255, 255]
    assert list_warnings(result) == {"c": [WARNING.format("plain")]}


def test_the_preview_of_a_bright_linear_frame_keeps_its_color_space(studio: Studio) -> None:
    recorder = Recorder()
    nodes = {"a": ("color.make_video", {"frames": 3, "first": 6}), "b": ("color.linear", {"image": "@a"})}

    result = studio.run(graph(nodes, b="b"), on_event=recorder)

    assert result.status == "done", result.errors
    previews = [event.preview for event in recorder.events if getattr(event, "preview", None) is not None]
    assert previews
    assert all(preview.color == LINEAR and preview.to_pillow().mode == "RGB" for preview in previews)


def test_what_decides_on_lazy_inputs_sees_what_the_node_type_takes(studio: Studio, plugin: ColorPlugin) -> None:
    nodes = {"a": ("color.make_image", {}), "b": ("color.lazy", {"image": "@a", "other": "@a"})}

    studio.run(graph(nodes, o="b"))

    assert plugin.seen == [("needs", ColorSpace(), 1.0), ("lazy", ColorSpace(), 1.0)]


def test_what_is_written_to_files_is_srgb_with_a_warning(studio: Studio, tmp_path: Path) -> None:
    nodes = {"a": ("color.make_image", {}), "v": ("color.make_video", {})}

    result = studio.run(graph(nodes, still="a", moving="v"), output=tmp_path / "out")

    said = [warning for warning in result.manifest["warnings"] if "became sRGB, clipped to [0, 1]" in warning]
    assert len(said) == 2
    still = ImageType().read_file(tmp_path / "out" / "still.png", MediaLimits())
    np.testing.assert_allclose(still.pixels[0, :, 0], [SRGB_OF_HALF, 1.0], atol=0.5 / 255)


def test_a_listener_gets_the_warning_once(studio: Studio) -> None:
    recorder = Recorder()
    nodes = {"a": ("color.make_image", {"level": [0.1, 0.2]}), "b": ("color.plain", {"image": "@a"})}

    studio.run(graph(nodes, o="b"), on_event=recorder)

    assert recorder.names("b").count("NodeWarned") == 1


@pytest.mark.parametrize("node_type", ["color.plain", "color.video"])
def test_the_warning_about_a_video_comes_back_from_the_cache(
    tmp_path: Path, plugin: ColorPlugin, node_type: str
) -> None:
    name = "image" if node_type == "color.plain" else "video"
    nodes = {"a": ("color.make_video", {}), "b": (node_type, {name: "@a"})}
    results = []

    for _ in range(2):
        with Studio(create_settings(tmp_path / "cache"), plugins=[("color", plugin)], discover=False) as studio:
            results.append(studio.run(graph(nodes, o="b")))

    assert results[1].manifest["nodes"]["b"]["cached"] == 1
    assert list_warnings(results[0]) == list_warnings(results[1]) == {"b": [WARNING.format(node_type[6:])]}


def test_a_linear_video_is_stored_once_and_read_from_the_cache_as_it_was(tmp_path: Path, plugin: ColorPlugin) -> None:
    nodes = {"a": ("color.make_video", {"first": 3})}

    for _ in range(2):
        with Studio(create_settings(tmp_path / "cache"), plugins=[("color", plugin)], discover=False) as studio:
            result = studio.run(graph(nodes, o="a"))
            assert result["o"].color == LINEAR
            assert [frame.image.pixels.max() for frame in result["o"].frames()] == [1.5, 2.0, 2.5, 3.0]

    assert result.manifest["cache"] == {"hits": 1, "calls": 1}


def test_a_linear_image_that_a_caller_gives_is_converted_too(studio: Studio, plugin: ColorPlugin) -> None:
    document = graph({"b": ("color.plain", {"image": "@inputs.photo"})}, o="b")
    document["inputs"] = {"photo": {"type": "image"}}

    result = studio.run(document, {"photo": Image(np.full((2, 2, 3), 9.0, np.float32), color=LINEAR)})

    assert plugin.seen == [("plain", ColorSpace(), 1.0)]
    assert list_warnings(result) == {"b": [WARNING.format("plain")]}
