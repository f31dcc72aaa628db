"""Literals that a node type refuses: `studio validate` finds them, with the text that the node itself would raise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakes import create_settings

from studio.api import File, Model, OutputPath, StudioError, Video, get_node_type
from studio.api.type_spec import find_written_faults
from studio.app import Studio
from studio.errors import Finding
from studio.graph import parse_graph
from studio.graph.node_checks import has_checks
from studio.testing import TestContext
from studio_text.settings import TextSettings
from tests.plugins.test_first_party_node_types import FUNCTIONS, film, latent, mask, picture, sound, spectrogram

MARKS = {"sentences": [{"text": "Hi.", "start": 1.0, "end": 0.5}]}
CUE = "1\n00:00:02,000 --> 00:00:01,000\nHello\n"
MEDIA: Mapping[str, Any] = {
    "image": lambda: picture(),
    "mask": lambda: mask(),
    "audio": lambda: sound(),
    "video": lambda: film(),
    "latent": lambda: latent(),
    "spectrogram": lambda: spectrogram(),
}
MAKERS = {
    "image": {"type": "image.new", "inputs": {"width": 24, "height": 16}},
    "mask": {"type": "image.new_mask", "inputs": {"width": 24, "height": 16}},
    "audio": {"type": "audio.tone"},
    "video": {"type": "video.from_frames", "inputs": {"images": [{"from": "image"}]}},
    "spectrogram": {"type": "audio.spectrogram", "inputs": {"audio": {"from": "audio"}}},
}


@dataclass(frozen=True)
class Case:
    """A literal that is refused: at which input of which node type, with which code, beside which other inputs."""

    node: str
    name: str
    value: Any
    code: str
    more: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""

    def __str__(self) -> str:
        return f"{self.node}-{self.name}-{str(self.value)[:20]}"


def case(node: str, name: str, value: Any, code: str, place: str = "", /, **more: Any) -> Case:
    return Case(node, name, value, code, more, place)


CASES = [
    case("image.new", "color", "blurple", "E505"),
    case("image.new", "color", "transparent", "E507", channels="rgb"),
    case("image.new", "width", 65_535, "E506", height=65_535),
    case("image.gradient", "colors", ["red", "blurple"], "E505", "/1"),
    case("image.gradient", "width", 65_535, "E506", height=65_535),
    case("image.noise", "width", 65_535, "E506", height=65_535),
    case("image.new_mask", "width", 65_535, "E506", height=65_535),
    case("image.resize_mask", "width", 65_535, "E506", height=65_535),
    case("image.resize", "background", "blurple", "E505", width=20, height=20, fit="pad"),
    case("image.resize", "scale", None, "E507"),
    case("image.resize", "scale", 2.0, "E507", width=8),
    case("image.resize", "width", 65_535, "E506", height=65_535),
    case("image.crop", "aspect", "wide", "E507"),
    case("image.resize", "scale", 2.0, "E507", megapixels=1.0),
    case("image.choose_size", "aspect", "wide", "E507"),
    case("image.choose_size", "aspect", "1:1", "E506", megapixels=900.0),
    case("image.find_region", "aspect", "wide", "E507"),
    case("image.remove_color", "color", "blurple", "E505"),
    case("image.add_shadow", "color", "blurple", "E505"),
    case("image.add_glow", "color", "blurple", "E505"),
    case("image.add_stroke", "color", "blurple", "E505"),
    case("image.stack", "background", "blurple", "E505"),
    case("image.compare", "line_color", "blurple", "E505"),
    case("image.rotate", "background", "blurple", "E505"),
    case("image.add_border", "color", "blurple", "E505"),
    case("image.add_border", "line_color", "blurple", "E505"),
    case("image.curves", "points", [[0, 0]], "E507"),
    case("image.curves", "red", [[0, 0], [0, 1]], "E507"),
    case("image.white_balance", "color", "blurple", "E505"),
    case("image.transform", "corners", [[0, 0], [9, 9], [9, 0], [0, 9]], "E507"),
    case("video.fade", "color", "blurple", "E505"),
    case("video.from_audio", "ahead_color", "blurple", "E505"),
    case("video.title", "color", "blurple", "E505", text="a"),
    case("image.qr_code", "color", "blurple", "E505", text="a"),
    case("image.draw_svg", "svg", None, "E507"),
    case("image.convolve", "kernel", [[1, 1]], "E507"),
    case("video.cut_spans", "spans", [[2, 1]], "E701"),
    case("video.stack", "background", "blurple", "E505", videos=[{"from": "video"}]),
    case("video.resize", "scale", 2.0, "E701", megapixels=1.0),
    case("audio.mix", "pans", [1.0, 0.0], "E641"),
    case("audio.mix", "pans", [2.0], "E641"),
    case("logic.curve", "points", [], "E323"),
    case("provenance.mark", "payload", "17", "E652"),
    case("provenance.mark_video", "payload", "17", "E652"),
    case("provenance.mark_audio", "payload", "17", "E652"),
    case("image.draw_shape", "color", "blurple", "E505"),
    case("image.draw_shape", "line_color", "blurple", "E505"),
    case("image.apply_lut", "lut_file", {"file": "note.txt"}, "E511"),
    case("image.vignette", "color", "blurple", "E505"),
    case("image.convert_color", "source", "nowhere", "E509"),
    case("text.ask_server", "prompt", " ", "E676", model="a"),
    case("text.ask_server", "model", " ", "E673", prompt="a"),
    case("text.storyboard", "sentence", " . ", "E672"),
    case("text.storyboard", "templates", ["{scene"], "E672", sentence="a fox"),
    case("train.lora", "captions", ["a lighthouse", " "], "E696", images=[{"from": "image"}, {"from": "image"}]),
    case("scenes.compose", "names", ["a"], "E679", things=[{"from": "image"}, {"from": "image"}]),
    case("scenes.compose", "names", ["a "], "E679", things=[{"from": "image"}]),
    case("scenes.compose", "count", 20_000, "E679", things=[{"from": "image"}], names=["a"], width=4096),
    case("scenes.compose", "min_size", 0.9, "E679", things=[{"from": "image"}], names=["a"]),
    case("scenes.draw_labels", "labels", [{"left": 1}], "E677"),
    case("scenes.masks", "labels", [{"left": 1}], "E677"),
    case("scenes.write", "labels", [[], []], "E678", images=[{"from": "image"}], path="set.zip"),
    case("scenes.write", "path", "set.tar", "E678", images=[{"from": "image"}], labels=[[]]),
    case("vision.segment", "boxes", [{"left": 1}], "E637", model={"model": "file:note.txt"}),
    case("vision.remove_background", "boxes", [{"left": 1}], "E637"),
    case("vision.pose", "boxes", [{"left": 1}], "E637", model={"model": "file:note.txt"}),
    case("vision.faces", "boxes", [{"left": 1}], "E637", model={"model": "file:note.txt"}),
    case("image.gradient_map", "colors", ["red", "blurple"], "E505", "/1"),
    case("image.convert", "background", "blurple", "E505"),
    case("image.mask_from_color", "color", "blurple", "E505"),
    case("image.draw_text", "color", "blurple", "E505", text="a"),
    case("image.draw_text", "outline_color", "blurple", "E505", text="a"),
    case("image.draw_text", "shadow", "blurple", "E505", text="a"),
    case("image.draw_text", "background", "blurple", "E505", text="a"),
    case("image.draw_text", "font_file", {"file": "note.txt"}, "E508", text="a"),
    case("image.caption", "background", "blurple", "E505", text="a"),
    case("image.caption", "color", "blurple", "E505", text="a"),
    case("image.caption", "font_file", {"file": "note.txt"}, "E508", text="a"),
    case("image.grid", "background", "blurple", "E505"),
    case("image.grid", "labels", ["a", "b"], "E507"),
    case("image.blur", "radius", 200.0, "E507", kind="median"),
    case("image.save", "path", "x.jpgg", "E512"),
    case("image.save_layers", "path", "x.png", "E512", names=["a"]),
    case("image.save_layers", "names", ["a", "a"], "E512", path="x.exr"),
    case("check.text", "color", "blurple", "E505"),
    case("check.text", "color", "transparent", "E507"),
    case("check.image", "max_width", 8, "E507", min_width=9),
    case("check.image", "max_height", 8, "E507", min_height=9),
    case("check.image", "max_transparent", 0.1, "E507", min_transparent=0.2),
    case("audio.save", "path", "x.mid", "E512"),
    case("audio.save", "bits", "float", "E512", path="x.flac"),
    case("audio.trim", "end", 1.0, "E641", start=2.0),
    case("audio.trim", "end", 1.0, "E641", seconds=1.0),
    case("audio.gain", "curve", [[0, 100]], "E646"),
    case("audio.split_bands", "low", 5000.0, "E641"),
    case("audio.mix", "gains", [1.0, 2.0], "E641"),
    case("audio.mix", "gains", [100.0], "E641"),
    case("audio.mix", "offsets", [1.0, 2.0], "E641"),
    case("audio.mix", "offsets", [-1.0], "E641"),
    case("audio.remix_channels", "select", [1], "E641"),
    case("audio.remix_channels", "select", [0], "E641", layout="select"),
    case("audio.time_stretch", "speed", None, "E641"),
    case("audio.time_stretch", "speed", 2.0, "E641", seconds=1.0),
    case("audio.tone", "frequency", 5000.0, "E641", sample_rate=8000),
    case("audio.tone", "end_frequency", 5000.0, "E641", sample_rate=8000),
    case("audio.tone", "seconds", 80_000.0, "E640"),
    case("audio.noise", "seconds", 80_000.0, "E640"),
    case("audio.silence", "seconds", 80_000.0, "E640", channels=64),
    case("audio.equalize", "bands", {"frequency": 100}, "E646"),
    case("audio.equalize", "bands", [{"kind": "peek", "frequency": 100}], "E646"),
    case("audio.equalize", "bands", [{"frequency": -100}], "E646"),
    case("audio.soundtrack", "intensity", [[1, 0.5], [0, 0.5]], "E646", seconds=4.0),
    case("audio.soundtrack", "seconds", None, "E641"),
    case("audio.spectrogram", "window", 1001, "E641"),
    case("audio.spectrogram", "max_frequency", 100.0, "E641", kind="mel", min_frequency=200.0),
    case("audio.spectrogram_image", "max_db", -90.0, "E641", min_db=-50.0),
    case("audio.from_spectrogram_image", "max_db", -90.0, "E641", min_db=-50.0),
    case("logic.sort", "items", [1, "a"], "E323"),
    case("logic.filter", "conditions", [True], "E323", items=["a", "b"]),
    case("logic.unique", "items", [1, "a"], "E324", by="/name"),
    case("logic.pick", "count", 3, "E323", items=["a", "b"]),
    case("logic.pick", "weights", [1.0], "E323", items=["a", "b"]),
    case("logic.zip", "names", ["a", "a"], "E323", a=[1], b=[2]),
    case("logic.zip", "b", [1, 2, 3], "E323", names=["x", "y"], a=[1, 2]),
    case("logic.calculate", "expression", "1 + foo(a)", "E322"),
    case("logic.calculate", "expression", "1 / (a - a)", "E322"),
    case("logic.template", "template", "a {", "E321"),
    case("logic.template", "template", "a {color} apple", "E321"),
    case("logic.template", "values", ["red"], "E321", template="red"),
    case("logic.fill_wildcards", "text", "a {red|green", "E321"),
    case("logic.fill_wildcards", "text", "a __fruit__", "E321", lists={"color": ["red"]}),
    case("logic.fill_wildcards", "lists", ["red"], "E321", text="a {red|green}"),
    case("logic.expand_wildcards", "text", "{a|b}{a|b}", "E321", limit=3),
    case("logic.read_csv", "file", {"file": "ragged.csv"}, "E326"),
    case("logic.replace_text", "find", "(a", "E321", text="a", regex=True),
    case("logic.replace_text", "replacement", "\\2", "E321", text="a", find="(a)", regex=True),
    case("logic.extract_text", "text", None, "E321"),
    case("logic.extract_text", "text", "a", "E321", record={"a": 1}),
    case("logic.extract_text", "field", "b", "E324", record={"a": 1}),
    case("logic.extract_text", "field", "a..b", "E324", record={"a": 1}),
    case("logic.extract_text", "pattern", "(a", "E321", text="a"),
    case("logic.extract_text", "group", 2, "E321", text="a", pattern="(a)"),
    case("logic.format_date", "date", "14.3.2026", "E321"),
    case("logic.format_date", "pattern", "%q", "E321", date="2026-03-14"),
    case("logic.format_date", "add_days", 1, "E321", date="9999-12-31"),
    case("logic.range", "step", 0, "E323", stop=3),
    case("logic.item", "index", 5, "E323", items=["a", "b"]),
    case("logic.get_json", "pointer", "a", "E324", value={"a": 1}),
    case("logic.set_json", "pointer", "a", "E324", value={"a": 1}, entry=1),
    case("logic.parse_json", "text", "{", "E324"),
    case("logic.to_number", "value", "ten", "E324"),
    case("logic.to_list", "value", {"a": 1}, "E324"),
    case("logic.switch", "if_true", None, "E320", condition=True),
    case("logic.choose", "case_2", None, "E320", case=2),
    case("logic.match", "text", "c", "E320", names=["a", "b"]),
    case("speech.say", "text", "?!", "E660"),
    case("speech.say", "text", "<speak>One <bang/></speak>", "E662"),
    case("speech.say", "voice", "nobody", "E661", text="Hi"),
    case("speech.say", "language", "klingonese", "E661", text="Hi"),
    case("speech.subtitles", "marks", MARKS, "E666"),
    case("speech.save_subtitles", "path", "x.txt", "E671", marks={"sentences": []}),
    case("speech.save_subtitles", "marks", {}, "E666", path="x.srt"),
    case("style.transfer", "style_weights", [1.0, 2.0], "E682"),
    case("style.transfer", "style_weights", [0.0], "E682"),
    case("style.transfer", "method", "neural", "E680"),
    case("style.colorize", "exemplar", None, "E684"),
    case("style.transfer_video", "style_weights", [1.0, 2.0], "E682"),
    case("style.colorize_video", "at_seconds", [0.0, 1.0], "E685"),
    case("style.colorize_video", "at_seconds", [-1.0], "E685"),
    case("video.trim", "end", 1.0, "E701", start=2.0),
    case("video.trim", "end", 1.0, "E701", seconds=2.0),
    case("video.from_audio", "color", "blurple", "E505"),
    case("video.resize", "scale", None, "E701"),
    case("video.resize", "scale", 2.0, "E701", width=8),
    case("video.resize", "background", "blurple", "E505", width=8),
    case("video.frames", "end", 1.0, "E701", start=2.0),
    case("video.frames", "at_seconds", [-1.0], "E701"),
    case("video.contact_sheet", "end", 1.0, "E701", start=2.0),
    case("video.draw_subtitles", "subtitles", "Hello", "E703"),
    case("video.draw_subtitles", "subtitles", CUE, "E703"),
    case("video.draw_subtitles", "color", "blurple", "E505", subtitles=CUE.replace("02,", "00,")),
    case("video.draw_subtitles", "font_file", {"file": "note.txt"}, "E703", subtitles=CUE.replace("02,", "00,")),
    case("video.save", "path", "x.avi", "E702"),
    case("video.save", "codec", "vp9", "E702", path="x.mov"),
    case("video.save", "pixel_format", "rgb8", "E702", path="x.mp4"),
    case("video.save", "hardware", "always", "E702", path="x.webm"),
    case("video.storyboard", "images", [], "E720"),
    case("video.storyboard", "scene_seconds", [0.0], "E720"),
    case("video.storyboard", "scene_seconds", [1.0, 2.0], "E720"),
    case("video.storyboard", "captions", ["a", "b"], "E720"),
    case("video.storyboard", "moves", ["drift", "drift"], "E720"),
    case("diffusion.text_to_image", "lora_scales", [1.0, 1.0], "E625", prompt="a", loras=["hub:a/b"]),
    case("diffusion.sketch_to_image", "control_end", 0.1, "E626", prompt="a", control_start=0.5),
]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A Studio with all first-party plugins."""
    with Studio(create_settings(tmp_path_factory.mktemp("studio")), on_disk=False) as opened:
        yield opened


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a note and a table in it."""
    (tmp_path / "note.txt").write_text("not a font")
    (tmp_path / "ragged.csv").write_text("name,price\nLamp\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def find_findings(studio: Studio, case: Case) -> list[Finding]:
    node_type = studio.registry.node_types[case.node]
    given = {case.name: case.value, **case.more}
    nodes: dict[str, Any] = dict(MAKERS)
    for name, end in node_type.inputs.items():
        if end.required and name not in given:
            edge = {"from": end.spec.name}
            given[name] = [edge] if end.spec.depth else edge
    nodes["n"] = {"type": case.node, "inputs": {name: value for name, value in given.items() if value is not None}}
    document = {"studio": 1, "nodes": nodes, "outputs": {"n": {"from": "n"}}}
    return [finding for finding in studio.validate(parse_graph(document)) if finding.severity == "error"]


def call(case: Case, folder: Path) -> StudioError:
    """Call the node type as a run would, and return what it raises."""
    function = FUNCTIONS[case.node]
    inputs: dict[str, Any] = {"settings": TextSettings()} if case.node == "text.ask_server" else {}
    for name, end in get_node_type(function).inputs.items():
        value = {case.name: case.value, **case.more}.get(name)
        if value is None and end.required and name != case.name:
            made = MEDIA[end.spec.name]()
            value = [made] if end.spec.depth else made
        if value is not None:
            inputs[name] = prepare(value, end.spec.name, folder)
    for name, end in get_node_type(function).inputs.items():
        if name in inputs:
            for _, error in find_written_faults(end.spec, inputs[name]):
                return error
    with pytest.raises(StudioError) as caught:
        list_frames(function(TestContext(), **inputs))
    return caught.value


def prepare(value: Any, kind: str, folder: Path) -> Any:
    """Return a value as a run gives it to a node."""
    if kind == "file":
        return File(folder / value["file"], "", 10)
    if kind == "path":
        return OutputPath(folder / value, value)
    if kind == "model" and isinstance(value, list):
        return [Model(one) for one in value]
    return value


def list_frames(made: Any) -> None:
    if isinstance(made, Video):
        list(made.frames())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_invalid_literal_is_found_before_the_run_with_the_text_of_the_run(
    studio: Studio, case: Case, here: Path
) -> None:
    findings = find_findings(studio, case)

    assert [finding.code for finding in findings] == [case.code]
    (finding,) = findings
    written = case.value is not None
    assert finding.where == (f"/nodes/n/inputs/{case.name}{case.place}" if written else "/nodes/n/inputs")
    assert finding.expected
    assert finding.found
    assert finding.hint


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.node.startswith(("diffusion.", "vision."))], ids=str
)
def test_the_node_itself_raises_the_same(studio: Studio, case: Case, here: Path) -> None:
    (finding,) = find_findings(studio, case)

    error = call(case, here)

    assert error.code == finding.code
    assert finding.message == (f"{error.where}: {error.message}" if error.where else error.message)


def test_every_node_type_with_a_check_or_a_grammar_is_in_the_table(studio: Studio) -> None:
    checked = {name for name, node_type in studio.registry.node_types.items() if has_checks(node_type)}

    parts = {"diffusion.image_to_image", "diffusion.variations", "diffusion.inpaint", "diffusion.outpaint"}
    parts |= {"diffusion.encode_prompt", "diffusion.empty_latent", "diffusion.encode_image", "diffusion.sample"}
    parts |= {
        "diffusion.decode_latent",
        "diffusion.edit_image",
    }  # what they check needs a model, or is checked as in text_to_image
    assert checked - parts == {case.node for case in CASES}


def test_defaults_follow_their_grammar(studio: Studio) -> None:
    ends = [(one.id, end) for one in studio.registry.node_types.values() for end in one.inputs.values()]

    wrong = [
        (node, end.name)
        for node, end in ends
        if not end.required and any(True for _ in find_written_faults(end.spec, end.default))
    ]

    assert wrong == []


# -- values that edges bring ---------------------------------------------------------------------------------


def run(studio: Studio, nodes: dict[str, Any], *outputs: str) -> Any:
    written = {name: {"type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}
    document = {"studio": 1, "nodes": written, "outputs": {name: {"from": name} for name in outputs}}
    return studio.run(document)


def test_a_number_becomes_whole_where_an_input_takes_whole_numbers_alone(studio: Studio) -> None:
    def count(stop: str) -> Any:
        half = ("logic.calculate", {"expression": "a / 2", "a": {"from": "n"}})
        nodes = {"n": ("logic.calculate", {"expression": stop}), "half": half}
        return run(studio, {**nodes, "r": ("logic.range", {"stop": {"from": "half"}})}, "r")

    assert count("8").outputs == {"r": [0, 1, 2, 3]}
    (error,) = count("9").errors
    assert (error.code, error.hint) == ("E303", "logic.to_int rounds it")
    assert "'stop': expected a whole number, found 4.5" in error.message


def test_what_an_edge_brings_follows_the_grammar_of_the_input(studio: Studio) -> None:
    color = ("logic.template", {"template": "{a}{b}", "a": "blur", "b": "ple"})
    nodes = {"color": color, "a": ("image.new", {"color": {"from": "color"}, "width": 4, "height": 4})}

    (error,) = run(studio, nodes, "a").errors

    assert (error.code, error.node) == ("E505", "a")
    assert "invalid color 'blurple'" in error.message


def test_a_template_takes_numbers_and_maps_over_lists_of_them(studio: Studio) -> None:
    nodes = {
        "n": ("logic.calculate", {"expression": "6 * 7"}),
        "t": ("logic.template", {"template": "{a} {b}", "a": {"from": "n"}, "b": 1.5}),
        "many": ("logic.template", {"template": "no. {a}", "a": [1, 2]}),
    }

    assert run(studio, nodes, "t", "many").outputs == {"t": "42 1.5", "many": ["no. 1", "no. 2"]}
