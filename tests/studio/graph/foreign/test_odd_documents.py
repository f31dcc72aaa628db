"""Documents as people have them: of older versions, damaged in part, wrapped, or with links that no slot names."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from studio.api.foreign import ForeignLink, ImportRule, Made
from studio.app import Studio
from studio.errors import UsageError
from studio.graph.foreign.canvas_format import read_canvas
from studio.graph.foreign.document import ForeignDocument
from studio.graph.foreign.flow import Flow, simplify
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.invoke_metadata import read_invoke
from studio.graph.foreign.parameter_text import read_parameters
from studio.graph.foreign.prompt_format import read_prompt
from studio.graph.foreign.reading import read_foreign
from studio.graph.foreign.report import Report
from studio.graph.foreign.weights_folders import WeightsFolders

WIDGETS = {"Seeded": ("seed+", "steps"), "Blur": ("radius",), "Save": (), "Load": ()}
PROMPT: dict[str, Any] = {
    "1": {"class_type": "Load", "inputs": {}},
    "2": {"class_type": "Save", "inputs": {"image": ["1", 0]}},
}
CANVAS: dict[str, Any] = {
    "nodes": [
        {"id": 1, "type": "Load", "pos": [10, 20], "outputs": [{"type": "IMAGE"}]},
        {"id": 2, "type": "Save", "pos": [30, 20], "inputs": [{"name": "image", "type": "IMAGE", "link": 1}]},
    ],
    "links": [[1, 1, 0, 2, 0, "IMAGE"]],
}
SETTINGS = "Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768, Model: dream"
RULES = {
    "Load": ImportRule(lambda importer, node: Made({"from": importer.take(node, "image", "image")}, "image")),
    "Two": ImportRule(
        lambda importer, node: Made(
            [importer.get(node, "first").value, importer.get(node, "second").value], "image", many=True
        )
    ),
    "Latent": ImportRule(lambda importer, node: "latent"),
    "Blur": ImportRule(
        lambda importer, node: Made(
            {
                "from": importer.add(
                    node, "image.blur", {name: importer.get(node, name) for name in ("image", "radius")}
                )
            },
            "image",
        )
    ),
    "Show": ImportRule(role="viewer"),
    "Save": ImportRule(lambda importer, node: importer.get(node, "image"), role="output"),
}


def make_node(number: int, kind: str, *slots: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "inputs": list(slots), "outputs": [{"type": "IMAGE"}], **more}


def flatten(nodes: list[Any], links: list[Any], **more: Any) -> Flow:
    return simplify(read_canvas({"nodes": nodes, "links": links, **more}, WIDGETS.get), {})


def read_json(tmp_path: Path, data: Any) -> ForeignDocument:
    path = tmp_path / "document.json"
    path.write_text(json.dumps(data))
    return read_foreign(path, WIDGETS.get, max_bytes=2**20)


def write_png(path: Path, **texts: str) -> Path:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    PillowImage.new("RGB", (2, 2)).save(path, pnginfo=info)
    return path


def convert(tmp_path: Path, **nodes: tuple[str, dict[str, Any]]) -> tuple[Any, Report]:
    data = {name: {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}
    with Studio(on_disk=False) as studio:
        folders = WeightsFolders(tmp_path)
        return import_document(read_prompt(data), RULES, studio.registry, folders, media=tmp_path, title="test")


@pytest.mark.parametrize("control", [["randomize"], ["increment-wrap"], [True], [None], []])
def test_controls_of_all_ages_are_no_values(control: list[Any]) -> None:
    flow = flatten([make_node(1, "Seeded", widgets_values=[7, *control, 20])], [])

    assert flow.nodes["1"].inputs == {"seed": 7, "steps": 20}


def test_a_value_with_a_name_passes_from_the_node_that_sets_it_to_the_node_that_gets_it() -> None:
    nodes = [
        make_node(1, "Load"),
        make_node(2, "SetNode", {"name": "IMAGE", "type": "IMAGE", "link": 1}, widgets_values=["été"]),
        make_node(3, "GetNode", widgets_values=["été"]),
        make_node(4, "Save", {"name": "image", "type": "IMAGE", "link": 2}),
    ]

    flow = flatten(nodes, [[1, 1, 0, 2, 0, "*"], [2, 3, 0, 4, 0, "*"]])

    assert flow.nodes["4"].inputs == {"image": ForeignLink("1")}


def test_reroutes_of_other_packages_are_passed() -> None:
    nodes = [
        make_node(1, "Load"),
        make_node(2, "Reroute (rgthree)", {"name": "", "type": "*", "link": 1}),
        make_node(3, "Save", {"name": "image", "type": "IMAGE", "link": 2}),
    ]

    flow = flatten(nodes, [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 3, 0, "*"]])

    assert flow.nodes["3"].inputs == {"image": ForeignLink("1")}


def test_links_that_use_everywhere_noted_count_where_a_slot_has_none() -> None:
    link = {"downstream": 2, "downstream_slot": 0, "upstream": "1", "upstream_slot": 0, "type": "IMAGE"}
    nodes = [make_node(1, "Load"), make_node(2, "Save", {"name": "image", "type": "IMAGE", "link": None})]

    flow = flatten(nodes, [], extra={"ue_links": [link, {"downstream": 2}, 5]})

    assert flow.nodes["2"].inputs == {"image": ForeignLink("1")}


@pytest.mark.parametrize("named", [True, False])
def test_a_link_that_only_the_list_of_links_has_counts(named: bool) -> None:
    source = make_node(1, "Load")
    source["outputs"] = [{"type": "IMAGE", "links": [1] if named else None}]
    slot = {"name": "image", "type": "IMAGE"} | ({"link": None} if named else {})

    flow = flatten([source, make_node(2, "Save", slot)], [[1, 1, 0, 2, 0, "IMAGE"]])

    assert flow.nodes["2"].inputs == {"image": ForeignLink("1")}


def test_a_link_that_both_ends_forgot_is_none() -> None:
    nodes = [make_node(1, "Load"), make_node(2, "Save", {"name": "image", "type": "IMAGE", "link": None})]

    assert flatten(nodes, [[1, 1, 0, 2, 0, "IMAGE"]]).nodes["2"].inputs == {}


def test_a_lost_link_is_reported() -> None:
    document = read_canvas(
        {"nodes": [make_node(2, "Save", {"name": "image", "type": "IMAGE", "link": 9})], "links": []}, WIDGETS.get
    )

    assert document.unsure["2"][1] == "lost links: image"


def test_a_link_to_a_node_that_is_not_there_is_reported(tmp_path: Path) -> None:
    _, report = convert(
        tmp_path, a=("Load", {}), b=("Blur", {"image": ["a", 0], "mask": ["77", 0]}), c=("Save", {"image": ["b", 0]})
    )

    found = {node.id: node for node in report.nodes}
    assert (found["b"].status, found["b"].why) == ("close", ["lost links: mask"])


def test_numbers_that_are_texts_are_numbers(tmp_path: Path) -> None:
    graph, _ = convert(
        tmp_path, a=("Load", {}), b=("Blur", {"image": ["a", 0], "radius": "2.5"}), c=("Save", {"image": ["b", 0]})
    )

    assert graph["nodes"]["blur"]["inputs"]["radius"] == 2.5


def test_each_image_of_a_list_becomes_an_output(tmp_path: Path) -> None:
    graph, _ = convert(
        tmp_path,
        a=("Load", {}),
        b=("Load", {}),
        c=("Two", {"first": ["a", 0], "second": ["b", 0]}),
        d=("Save", {"image": ["c", 0], "filename_prefix": "pair"}),
    )

    assert [edge["from"] for edge in graph["outputs"].values()] == [f"inputs.{name}" for name in graph["inputs"]]
    assert len(graph["outputs"]) == 2


def test_an_output_that_gets_nothing_to_write_is_missing(tmp_path: Path) -> None:
    graph, report = convert(tmp_path, a=("Latent", {"x": 1}), b=("Save", {"image": ["a", 0]}))

    assert graph is None
    assert report.nodes[1].why == ["an image, audio or video to write"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda prompt: {"abc": {"prompt": [1, "abc", prompt, {}, ["2"]], "outputs": {}}},
        lambda prompt: {"output": prompt, "workflow": CANVAS},
        lambda prompt: [1, "abc", prompt, {}, ["2"]],
        lambda prompt: {**prompt, "2": {"class_type": "Save", "inputs": {"image": [1, 0.0]}}},
    ],
    ids=["history", "export", "queue", "numbers"],
)
def test_a_document_in_another_wrapping_is_read(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    document = read_json(tmp_path, wrap(PROMPT))

    assert document.nodes["2"].inputs == {"image": ForeignLink("1")}


@pytest.mark.parametrize(
    ("prompt", "workflow"),
    [
        ('{"1": ', json.dumps(CANVAS)),
        ("null", json.dumps(CANVAS)),
        (json.dumps(PROMPT), '{"nodes": ['),
        (json.dumps(PROMPT), '{"nodes": [1], "links": []}'),
    ],
)
def test_a_damaged_form_does_not_hide_the_other(tmp_path: Path, prompt: str, workflow: str) -> None:
    path = write_png(tmp_path / "a.png", prompt=prompt, workflow=workflow)

    assert read_foreign(path, WIDGETS.get, max_bytes=2**20).nodes["2"].inputs == {"image": ForeignLink("1")}


def test_a_file_whose_only_form_is_damaged_says_so(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", prompt='{"1": ')

    with pytest.raises(UsageError, match="is not JSON"):
        read_foreign(path, WIDGETS.get, max_bytes=2**20)


def test_the_texts_of_an_animated_png_are_read_after_its_pixels(tmp_path: Path) -> None:
    data = write_png(tmp_path / "a.png").read_bytes()
    content = b"prompt\0" + json.dumps(PROMPT).encode()
    chunk = struct.pack(">I", len(content)) + b"comf" + content + struct.pack(">I", zlib.crc32(b"comf" + content))
    (tmp_path / "a.png").write_bytes(data[:-12] + chunk + data[-12:])

    assert sorted(read_foreign(tmp_path / "a.png", WIDGETS.get, max_bytes=2**20).nodes) == ["1", "2"]


def test_a_picture_with_another_ending_is_read(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", prompt=json.dumps(PROMPT)).rename(tmp_path / "a.json")

    assert sorted(read_foreign(path, WIDGETS.get, max_bytes=2**20).nodes) == ["1", "2"]


@pytest.mark.parametrize("dumped", [True, False])
def test_a_comment_with_both_forms_gives_places(tmp_path: Path, dumped: bool) -> None:
    forms = {"prompt": json.dumps(PROMPT), "workflow": json.dumps(CANVAS) if dumped else CANVAS}
    path = write_png(tmp_path / "a.png", comment=json.dumps(forms))

    assert read_foreign(path, WIDGETS.get, max_bytes=2**20).nodes["2"].position == (30, 20)


@pytest.mark.parametrize(
    ("text", "prompt", "negative"),
    [
        (f"Steps: 20, {SETTINGS}", "", ""),
        (f"Negative prompt: bad\nSteps: 20, {SETTINGS}", "", "bad"),
        (f"a fox\r\nNegative prompt: bad\r\nSteps: 20, {SETTINGS}", "a fox", "bad"),
        (f"a\nb, Steps: 3\nNegative prompt: bad\nworse\nSteps: 20, {SETTINGS}", "a\nb, Steps: 3", "bad\nworse"),
    ],
)
def test_prompts_of_parameters_are_told_apart(text: str, prompt: str, negative: str) -> None:
    nodes = read_parameters(text).nodes

    assert (nodes["prompt"].inputs["text"], nodes["negative"].inputs["text"]) == (prompt, negative)
    assert nodes["sample"].inputs["steps"] == 20


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ("Version: v1.9, Model hash: ab, Lora hashes: \"a: b, c: d\", Tiling: False", ""),
        ("ADetailer model: face.pt, ControlNet 0: \"Module: canny, Weight: 1\"", "adetailer model, controlnet 0"),
        ("Denoising strength: 0.5", "denoising strength"),
        ("Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: Latent, Hires steps: 5", ""),
        ("Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: 4x-UltraSharp", ""),
        ("Hires resize: 768x0, Hires upscaler: Lanczos, Hires CFG Scale: 4", "hires cfg scale"),
    ],
)  # fmt: skip
def test_settings_of_parameters_that_become_no_node_are_reported(more: str, left: str) -> None:
    document = read_parameters(f"a fox\nSteps: 20, {SETTINGS}, {more}")

    reported = [why for _, why in document.unsure.values()]
    assert reported == ([f"settings left out: {left}"] if left else [])


def read_chain(more: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the nodes from the second pass back to the first, with their literals."""
    nodes = read_parameters(f"a fox\nSteps: 20, {SETTINGS}, Size: 512x768, Denoising strength: 0.5, {more}").nodes
    found, node = [], nodes["sample_again"]
    while node.id != "sample":
        literals = {name: value for name, value in node.inputs.items() if not isinstance(value, ForeignLink)}
        found.append((node.kind, literals))
        names = ("latent_image", "samples", "pixels", "image")
        node = nodes[next(node.inputs[name].node for name in names if name in node.inputs)]
    return found


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("4x-UltraSharp", "4x-UltraSharp.safetensors"),
        ("R-ESRGAN 4x+", "RealESRGAN_x4plus.safetensors"),
        ("R-ESRGAN 4x+ Anime6B", "RealESRGAN_x4plus_anime_6B.safetensors"),
    ],
)
def test_a_network_of_the_second_pass_enlarges_the_image(named: str, file: str) -> None:
    more = f"Hires upscale: 1.5, Hires upscaler: {named}, Hires steps: 9"
    nodes = read_parameters(f"a fox\nSteps: 20, {SETTINGS}, {more}").nodes

    assert nodes["upscaler"].inputs == {"model_name": file}
    size = {"width": 768, "height": 1152, "crop": "center"}
    chain = read_chain(more)
    assert [kind for kind, _ in chain] == ["KSampler", "VAEEncode", "ImageScale", "ImageUpscaleWithModel", "VAEDecode"]
    assert chain[2][1] == {"upscale_method": "lanczos", **size}
    assert (chain[0][1]["denoise"], chain[0][1]["steps"]) == (0.5, 9)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("Hires upscale: 2, Hires upscaler: Latent (bicubic)", [("LatentUpscaleBy", "bicubic")]),
        ("Hires upscale: 2, Hires upscaler: Latent (nearest)", [("LatentUpscaleBy", "nearest-exact")]),
        ("Hires upscale: 2", [("LatentUpscaleBy", "bilinear")]),
        ("Hires resize: 1024x0, Hires upscaler: Latent", [("LatentUpscale", "bilinear")]),
        ("Hires upscale: 2, Hires upscaler: Lanczos", [("ImageScale", "lanczos")]),
        ("Hires upscale: 2, Hires upscaler: None", [("ImageScale", "lanczos")]),
        ("Hires upscale: 2, Hires upscaler: Nearest", [("ImageScale", "nearest-exact")]),
    ],
)
def test_a_second_pass_is_enlarged_as_it_says(more: str, expected: list[tuple[str, str]]) -> None:
    found = [(kind, inputs["upscale_method"]) for kind, inputs in read_chain(more) if "upscale_method" in inputs]

    assert found == expected


@pytest.mark.parametrize(
    ("sides", "expected"), [("1024x0", (1024, 1536)), ("0x384", (256, 384)), ("640x640", (640, 640))]
)
def test_a_side_that_is_not_given_follows_from_the_other(sides: str, expected: tuple[int, int]) -> None:
    inputs = read_chain(f"Hires resize: {sides}, Hires upscaler: Lanczos")[2][1]

    assert (inputs["width"], inputs["height"]) == expected


def test_settings_of_invoke_that_become_no_node_are_reported() -> None:
    data = {"app_version": "4", "positive_prompt": "a fox", "seed": 5, "controlnets": [{}], "vae": None}

    assert [why for _, why in read_invoke(data).unsure.values()] == ["settings left out: controlnets"]
