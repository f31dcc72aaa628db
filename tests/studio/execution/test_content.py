"""Labels of files by what ran on the way to them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import pytest

from studio.api import Audio, Context, Image, Mask, Model, Subgraph, Video, hookimpl, node
from studio.app import InputFile, Studio
from studio.graph import parse_graph
from studio.provenance.record import FileRecord
from studio.settings import Settings

TRAINED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
ALGORITHMIC, ENHANCED = "algorithmicMedia", "algorithmicallyEnhanced"
EDITED, CAPTURED, UNKNOWN = "humanEdits", "digitalCapture", ""
GRAY = np.full((8, 8, 3), 90, np.uint8)
FOX = np.full((8, 8, 3), 160, np.uint8)


class Pair(NamedTuple):
    """A generated image and a drawing of what it follows."""

    image: Image
    control: Image


@node("acme.generate", origin="generated")
def generate(ctx: Context, prompt: str) -> Image:
    """Make an image from words."""
    return Image(FOX)


@node("acme.redraw", origin={"image": "generated", "control": "edited"})
def redraw(ctx: Context, image: Image, mask: Mask | None = None) -> Pair:
    """Redraw an image."""
    return Pair(image, Image(GRAY))


@node("acme.restyle", origin=lambda inputs: "altered" if inputs["method"] == "network" else "edited")
def restyle(ctx: Context, image: Image, method: str = "network") -> Image:
    """Restyle an image."""
    return image


@node("acme.speak", origin="generated")
def speak(ctx: Context, text: str) -> Audio:
    """Say a text."""
    return Audio(np.zeros((4410, 1), np.float32), 44_100)


@node("acme.draw_audio", origin="algorithmic")
def draw_audio(ctx: Context, audio: Audio) -> Image:
    """Draw audio."""
    return Image(GRAY)


@node("acme.silent")
def say_nothing(ctx: Context, image: Image) -> Image:
    """Do something that is not declared."""
    return image


@node("acme.imagine")
def imagine(ctx: Context, text: str, model: Model | None = None) -> Image:
    """Do something with a model that is not declared."""
    return Image(GRAY)


@node("acme.expand", origin="unchanged")
def expand(ctx: Context, image: Image) -> Subgraph[Image]:
    """Return a graph."""
    graph = Subgraph[Image]()
    graph.output("image", graph.add("image.flip", image=image))
    return graph


class Plugin:
    """Node types that do each of the things that are told apart."""

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        return [generate, redraw, restyle, speak, draw_audio, say_nothing, imagine, expand]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    image = PIL.Image.fromarray(GRAY)
    image.save(folder / "photo.png")
    for name, term in (("camera", "digitalCapture"), ("robot", TRAINED), ("synth", "compositeSynthetic")):
        packet = f'<x DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{term}"/>'
        image.save(folder / f"{name}.jpg", xmp=packet.encode())
    return folder


@pytest.fixture(scope="module")
def studio(desk: Path) -> Iterator[Studio]:
    settings = Settings(cache_dir=desk / "cache", models_dir=desk / "models", hub_dir=desk / "hub")
    with Studio(settings=settings, plugins=[("acme", Plugin())]) as made:
        yield made


def load(name: str = "photo.png") -> dict[str, Any]:
    return {"type": "image.load", "inputs": {"file": {"file": name}}}


def use(type_name: str, **inputs: Any) -> dict[str, Any]:
    found = {name: {"from": value[1:]} if str(value).startswith("@") else value for name, value in inputs.items()}
    return {"type": type_name, "inputs": found}


def run(studio: Studio, desk: Path, nodes: Mapping[str, Any], output: str, out: str = "out") -> list[FileRecord]:
    document = {"studio": 1, "nodes": dict(nodes), "outputs": {"x": {"from": output}}}
    result = studio.run(parse_graph(document, base=desk), output=desk / out)
    assert not result.errors, result.errors[0]
    return result.files


PHOTO, MADE = load(), use("acme.generate", prompt="a fox")
GRADIENT = use("image.gradient", width=8, height=8)
VOICE = use("acme.speak", text="a")
TWO = [{"from": "p"}, {"from": "g"}]
PATHS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a photo as it is": ({"p": PHOTO}, "p", UNKNOWN),
    "a photo resized": ({"p": PHOTO, "r": use("image.resize", image="@p", width=4)}, "r", EDITED),
    "a photo given to an input": ({"r": use("image.flip", image={"file": "photo.png"})}, "r", EDITED),
    "a photo that says it was captured": ({"p": load("camera.jpg")}, "p", CAPTURED),
    "a captured photo resized": ({"p": load("camera.jpg"), "r": use("image.flip", image="@p")}, "r", EDITED),
    "another program's image": ({"p": load("robot.jpg"), "r": use("image.flip", image="@p")}, "r", TRAINED),
    "another program's collage": ({"p": load("synth.jpg")}, "p", COMPOSITE),
    "a generated image": ({"g": MADE}, "g", TRAINED),
    "a generated image resized": ({"g": MADE, "r": use("image.resize", image="@g", width=4)}, "r", TRAINED),
    "text upon a generated image": ({"g": MADE, "r": use("image.draw_text", image="@g", text="a")}, "r", TRAINED),
    "a generated image enlarged": ({"g": MADE, "u": use("upscale.image", image="@g")}, "u", TRAINED),
    "a gradient": ({"c": GRADIENT}, "c", ALGORITHMIC),
    "a gradient blurred": ({"c": GRADIENT, "r": use("image.blur", image="@c")}, "r", ALGORITHMIC),
    "a generated image on a gradient": (
        {"c": GRADIENT, "g": MADE, "r": use("image.composite", base="@c", top="@g")}, "r", TRAINED,
    ),
    "a photo on a gradient": (
        {"c": GRADIENT, "p": PHOTO, "r": use("image.composite", base="@c", top="@p")}, "r", EDITED,
    ),
    "a photo with a generated image": (
        {"p": PHOTO, "g": MADE, "r": use("image.composite", base="@p", top="@g")}, "r", COMPOSITE,
    ),
    "a photo redrawn": ({"p": PHOTO, "d": use("acme.redraw", image="@p")}, "d.image", COMPOSITE),
    "the drawing beside it": ({"p": PHOTO, "d": use("acme.redraw", image="@p")}, "d.control", EDITED),
    "a generated image redrawn under a mask of a photo": (
        {"g": MADE, "p": PHOTO, "m": use("image.mask_from_luma", image="@p"),
         "d": use("acme.redraw", image="@g", mask="@m")},
        "d.image", TRAINED,
    ),
    "a mask of a photo": ({"p": PHOTO, "m": use("image.mask_from_luma", image="@p")}, "m", EDITED),
    "a photo restyled by a network": ({"p": PHOTO, "s": use("acme.restyle", image="@p")}, "s", COMPOSITE),
    "a photo restyled without": ({"p": PHOTO, "s": use("acme.restyle", image="@p", method="hand")}, "s", EDITED),
    "a method that is computed": (
        {"p": PHOTO, "t": use("logic.template", template="ha{a}", a="nd"),
         "s": use("acme.restyle", image="@p", method="@t")},
        "s", EDITED,
    ),
    "a photo enlarged": ({"p": PHOTO, "u": use("upscale.image", image="@p")}, "u", ENHANCED),
    "a photo enlarged and redrawn": (
        {"p": PHOTO, "u": use("upscale.image", image="@p"), "d": use("acme.redraw", image="@u")}, "d.image", COMPOSITE,
    ),
    "the branch that was taken": (
        {"p": PHOTO, "g": MADE, "w": use("logic.switch", condition=True, if_true="@p", if_false="@g"),
         "r": use("image.flip", image="@w")}, "r", EDITED,
    ),
    "the other branch": (
        {"p": PHOTO, "g": MADE, "w": use("logic.switch", condition=False, if_true="@p", if_false="@g"),
         "r": use("image.flip", image="@w")}, "r", TRAINED,
    ),
    "one entry of a list": (
        {"p": PHOTO, "g": MADE, "i": use("logic.item", items=TWO, index=1), "r": use("image.flip", image="@i")},
        "r", TRAINED,
    ),
    "a part of a list": (
        {"p": PHOTO, "g": MADE, "i": use("logic.slice", items=TWO, start=0, stop=1),
         "r": use("image.flip", image="@i")},
        "r", EDITED,
    ),
    "a collage of a list": ({"p": PHOTO, "g": MADE, "r": use("image.grid", images=TWO)}, "r", COMPOSITE),
    "a subgraph": ({"p": PHOTO, "e": use("acme.expand", image="@p")}, "e", EDITED),
    "a tone": ({"t": use("audio.tone", seconds=0.1)}, "t", ALGORITHMIC),
    "a voice by rules": ({"s": use("speech.say", text="a")}, "s.audio", ALGORITHMIC),
    "a generated voice": ({"s": VOICE, "r": use("audio.gain", audio="@s", gain=-3)}, "r", TRAINED),
    "a drawing of audio": ({"s": VOICE, "d": use("acme.draw_audio", audio="@s")}, "d", ALGORITHMIC),
    "what does not say": ({"p": PHOTO, "s": use("acme.silent", image="@p")}, "s", EDITED),
    "what does not say, and takes no media": ({"s": use("acme.imagine", text="a")}, "s", UNKNOWN),
}  # fmt: skip


Stated = tuple[str, str, str, str]
STATED: dict[str, Stated] = {
    "a photo of mine": ("captured", "photo.png", "p", CAPTURED),
    "a photo of mine resized": ("captured", "photo.png", "r", EDITED),
    "a photo of mine enlarged": ("captured", "photo.png", "u", ENHANCED),
    "a photo of mine redrawn": ("captured", "photo.png", "d.image", COMPOSITE),
    "an edited photo": ("edited", "photo.png", "p", EDITED),
    "a corrected photo": ("enhanced", "photo.png", "p", ENHANCED),
    "a computed image": ("algorithmic", "photo.png", "p", ALGORITHMIC),
    "an image that a model made": ("generated", "photo.png", "r", TRAINED),
    "a photo that a model changed": ("altered", "photo.png", "r", COMPOSITE),
    "a generated image said to be captured": ("captured", "robot.jpg", "p", TRAINED),
    "a collage said to be computed": ("algorithmic", "synth.jpg", "p", COMPOSITE),
    "a captured photo said to be generated": ("generated", "camera.jpg", "p", COMPOSITE),
    "a captured photo said to be edited": ("edited", "camera.jpg", "p", CAPTURED),
}


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("how", ["given", "default", "list", "file"])
def test_a_graph_says_more_of_an_input_and_never_less(studio: Studio, desk: Path, name: str, how: str) -> None:
    origin, file, output, term = STATED[name]
    declared: dict[str, Any] = {"type": "file" if how == "file" else "image", "origin": origin}
    given: dict[str, Any] = {"photo": InputFile(desk / file)}
    if how == "default":
        declared["default"], given = {"file": file}, {}
    elif how == "list":
        declared["type"], given = "list[image]", {"photo": [InputFile(desk / file)]}
    readers = {
        "file": {"type": "image.load", "inputs": {"file": {"from": "inputs.photo"}}},
        "list": {"type": "logic.item", "inputs": {"items": {"from": "inputs.photo"}, "index": 0}},
    }
    photo = {"from": "p" if how in readers else "inputs.photo"}
    nodes = {"r": {"type": "image.flip", "inputs": {"image": photo}},
             "u": {"type": "upscale.image", "inputs": {"image": photo}},
             "d": {"type": "acme.redraw", "inputs": {"image": photo}}}  # fmt: skip
    nodes |= {"p": readers[how]} if how in readers else {}
    outputs = {"x": photo if output == "p" else {"from": output}}
    document = {"studio": 1, "inputs": {"photo": declared}, "nodes": nodes, "outputs": outputs}

    result = studio.run(parse_graph(document, base=desk), given, output=desk / "stated")

    assert not result.errors
    assert {one.source_type for one in result.files} == {term}


def test_what_one_input_says_of_a_file_does_not_hold_for_another(studio: Studio, desk: Path) -> None:
    inputs = {"mine": {"type": "image", "origin": "captured"}, "other": {"type": "image"}}
    document = {"studio": 1, "inputs": inputs, "nodes": {}, "outputs": {n: {"from": f"inputs.{n}"} for n in inputs}}
    photo = InputFile(desk / "photo.png")

    result = studio.run(parse_graph(document, base=desk), {"mine": photo, "other": photo}, output=desk / "two")

    assert {file.output: file.source_type for file in result.files} == {"mine": CAPTURED, "other": UNKNOWN}


def test_a_graph_says_nothing_of_files_that_another_gives_it(studio: Studio, desk: Path) -> None:
    inner = {"studio": 1, "inputs": {"photo": {"type": "image", "origin": "captured"}}, "nodes": {},
             "outputs": {"x": {"from": "inputs.photo"}}}  # fmt: skip
    (desk / "inner.json").write_text(json.dumps(inner))
    node = {"type": "graph:inner.json", "inputs": {"photo": {"file": "photo.png"}}}

    assert [file.source_type for file in run(studio, desk, {"i": node}, "i.x", out="inner")] == [UNKNOWN]


def test_files_of_the_folder_of_captured_media_count_as_captured(desk: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("photo.png", "robot.jpg"):
        shutil.copy(desk / name, mine / name)
    (mine / "away.png").symlink_to(desk / "photo.png")
    document = {"studio": 1, "inputs": {"p": {"type": "image"}}, "nodes": {}, "outputs": {"x": {"from": "inputs.p"}}}
    found = {}
    with Studio(settings=Settings(cache_dir=tmp_path / "cache", captured_dir=mine)) as own:
        for name in ("photo.png", "robot.jpg", "away.png"):
            result = own.run(parse_graph(document), {"p": InputFile(mine / name)}, output=tmp_path / "out")
            found[name] = result.files[0].source_type

    assert found == {"photo.png": CAPTURED, "robot.jpg": TRAINED, "away.png": UNKNOWN}


@pytest.mark.parametrize("name", PATHS)
def test_the_label_of_a_file_follows_from_what_ran_on_the_way_to_it(studio: Studio, desk: Path, name: str) -> None:
    nodes, output, term = PATHS[name]

    (first,) = run(studio, desk, nodes, output)
    (cached,) = run(studio, desk, nodes, output)
    carried = studio.read_record(first.path)

    assert first.source_type == cached.source_type == term
    assert (f"digitalsourcetype/{term}".encode() in first.path.read_bytes()) == bool(term)
    assert carried is not None


def test_each_file_of_a_list_has_a_label_of_its_own(studio: Studio, desk: Path) -> None:
    nodes = {"p": PHOTO, "g": MADE, "r": use("image.flip", image=TWO)}

    files = run(studio, desk, nodes, "r")

    assert [file.source_type for file in files] == [EDITED, TRAINED]
    again = run(studio, desk, nodes, "r")
    assert [file.source_type for file in again] == [EDITED, TRAINED]


@pytest.mark.parametrize("steps", [["logic.collect"], ["logic.collect", "logic.shuffle"], ["logic.slice"]])
def test_each_file_of_a_list_that_was_handed_on_has_a_label_of_its_own(
    studio: Studio, desk: Path, steps: list[str]
) -> None:
    nodes: dict[str, Any] = {"p": PHOTO, "r": use("image.flip", image="@p"), "g": MADE, "c": GRADIENT}
    items: Any = [{"from": "r"}, {"from": "g"}, {"from": "c"}]
    for index, name in enumerate(steps):
        nodes[f"n{index}"] = {"type": name, "inputs": {"items": items}}
        items = {"from": f"n{index}"}

    files = run(studio, desk, nodes, items["from"])
    again = run(studio, desk, nodes, items["from"])

    assert sorted(file.source_type for file in files) == sorted([EDITED, TRAINED, ALGORITHMIC])
    assert [file.source_type for file in again] == [file.source_type for file in files]


def test_images_and_audio_of_a_video_are_known_apart(studio: Studio, desk: Path) -> None:
    nodes = {
        "p": PHOTO,
        "v": {"type": "video.from_frames", "inputs": {"images": [{"from": "p"}], "fps": 10}},
        "s": use("acme.speak", text="a"),
        "m": use("video.mux", video="@v", audio="@s"),
        "big": use("video.resize", video="@m", width=32, height=32),
        "a": use("audio.from_video", video="@big"),
        "f": use("video.frames", video="@big", count=1),
    }

    (video,) = run(studio, desk, nodes, "big")
    record = json.loads(studio.registry.value_types["video"].read_provenance(video.path) or "")

    assert record["digital_source_type"] == video.source_type == COMPOSITE
    assert record["digital_source_types"] == {"images": EDITED, "audio": TRAINED}
    assert [one.source_type for one in run(studio, desk, nodes, "a")] == [TRAINED]
    assert [one.source_type for one in run(studio, desk, nodes, "f")] == [EDITED]


def test_a_file_that_a_node_saves_is_labelled_too(studio: Studio, desk: Path) -> None:
    nodes = {"g": MADE, "r": use("image.flip", image="@g"), "s": use("image.save", image="@r", path="saved.png")}

    (file,) = run(studio, desk, nodes, "s", "saved")

    assert f"digitalsourcetype/{TRAINED}".encode() in file.path.read_bytes()


def test_media_from_a_caller_are_of_unknown_source(studio: Studio, desk: Path) -> None:
    document = {
        "studio": 1,
        "inputs": {"image": {"type": "image"}},
        "nodes": {"r": use("image.flip", image="@inputs.image")},
        "outputs": {"x": {"from": "r"}, "same": {"from": "inputs.image"}},
    }

    result = studio.run(document, {"image": Image(GRAY)}, output=desk / "given")

    assert {file.output: file.source_type for file in result.files} == {"x": EDITED, "same": UNKNOWN}


def test_the_manifest_names_the_label(studio: Studio, desk: Path) -> None:
    result = studio.run({"studio": 1, "nodes": {"g": MADE}, "outputs": {"x": {"from": "g"}}}, output=desk / "manifest")

    assert result.manifest["outputs"]["x"]["files"][0]["digital_source_type"] == TRAINED


def test_a_video_of_a_caller_counts_as_given(studio: Studio, desk: Path) -> None:
    document = {
        "studio": 1,
        "inputs": {"video": {"type": "video"}},
        "nodes": {"a": use("video.frames", video="@inputs.video", count=1)},
        "outputs": {"x": {"from": "a"}},
    }

    result = studio.run(document, {"video": Video.from_images([Image(GRAY)], 10)}, output=desk / "video")

    assert [file.source_type for file in result.files] == [UNKNOWN]
