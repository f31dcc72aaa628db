"""Documents of other programs, read from files of all kinds."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from studio.api.foreign import ForeignLink
from studio.errors import UsageError
from studio.graph.foreign.document import ForeignDocument
from studio.graph.foreign.reading import name_program, read_foreign

PROMPT: dict[str, Any] = {
    "4": {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "_meta": {"title": "my photo"}},
    "7": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "out"}},
}
CANVAS: dict[str, Any] = {
    "nodes": [
        {"id": 4, "type": "LoadImage", "pos": [10, 20], "title": "my photo", "widgets_values": ["a.png", "image"],
         "outputs": [{"type": "IMAGE", "links": [1]}]},
        {"id": 7, "type": "SaveImage", "pos": {"0": 300, "1": 20}, "widgets_values": ["out"],
         "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]},
    ],
    "links": [[1, 4, 0, 7, 0, "IMAGE"]],
}  # fmt: skip
WIDGETS = {"LoadImage": ("image", "upload"), "SaveImage": ("filename_prefix",)}
PARAMETERS = (
    "a red fox <lora:fur:0.7>\nNegative prompt: blurry\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 11, "
    "Size: 512x768, Model: dream_8, Clip skip: 2"
)


def read(path: Path) -> ForeignDocument:
    return read_foreign(path, WIDGETS.get, max_bytes=2**20)


def write_png(path: Path, **texts: str) -> Path:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    PillowImage.new("RGB", (2, 2)).save(path, pnginfo=info)
    return path


def test_the_api_format_gives_nodes_with_literals_and_links(tmp_path: Path) -> None:
    path = tmp_path / "workflow.json"
    path.write_text(json.dumps(PROMPT))

    document = read(path)

    assert document.nodes["7"].inputs == {"images": ForeignLink("4", 0), "filename_prefix": "out"}
    assert document.nodes["4"].title == "my photo"


def test_the_canvas_format_gives_the_same_nodes_with_places(tmp_path: Path) -> None:
    path = tmp_path / "workflow.json"
    path.write_text(json.dumps(CANVAS))

    document = read(path)

    assert document.nodes["7"].inputs == {"images": ForeignLink("4", 0), "filename_prefix": "out"}
    assert (document.nodes["4"].position, document.nodes["7"].position) == ((10, 20), (300, 20))


def test_a_request_to_a_server_wraps_a_document(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"prompt": PROMPT, "client_id": "x"}))

    assert sorted(read(path).nodes) == ["4", "7"]


def test_a_png_carries_both_formats_and_places_come_from_the_canvas(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", prompt=json.dumps(PROMPT), workflow=json.dumps(CANVAS))

    document = read(path)

    assert document.nodes["4"].inputs == {"image": "a.png"}
    assert document.nodes["4"].position == (10, 20)


def test_a_webp_carries_a_document_in_its_exif(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0110] = "prompt:" + json.dumps(PROMPT)
    PillowImage.new("RGB", (2, 2)).save(tmp_path / "a.webp", exif=exif)

    assert sorted(read(tmp_path / "a.webp").nodes) == ["4", "7"]


def test_a_flac_carries_a_document_in_its_comments(tmp_path: Path) -> None:
    comment = b"prompt=" + json.dumps(PROMPT).encode()
    block = struct.pack("<II", 0, 1) + struct.pack("<I", len(comment)) + comment
    data = b"fLaC" + b"\x00\x00\x00\x22" + bytes(34) + b"\x84" + len(block).to_bytes(3, "big") + block
    (tmp_path / "a.flac").write_bytes(data)

    assert sorted(read(tmp_path / "a.flac").nodes) == ["4", "7"]


def test_an_mp4_carries_a_document_in_its_metadata(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["prompt"] = json.dumps(PROMPT)
        stream = container.add_stream("libx264", rate=4)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))

    assert sorted(read(tmp_path / "a.mp4").nodes) == ["4", "7"]


def test_parameters_of_a_picture_become_nodes_of_the_same_classes(tmp_path: Path) -> None:
    nodes = read(write_png(tmp_path / "a.png", parameters=PARAMETERS)).nodes

    sampled = nodes["sample"].inputs
    assert (sampled["steps"], sampled["cfg"], sampled["seed"]) == (20, 6.5, 11)
    assert (sampled["sampler_name"], sampled["scheduler"]) == ("dpmpp_2m", "karras")
    assert nodes["prompt"].inputs["text"] == "a red fox"
    assert nodes["negative"].inputs["text"] == "blurry"
    assert nodes["lora_1"].inputs["strength_model"] == 0.7
    assert nodes["clip_skip"].inputs["stop_at_clip_layer"] == -2
    assert nodes["latent"].inputs == {"width": 512, "height": 768, "batch_size": 1}


def test_metadata_of_invoke_become_nodes_of_the_same_classes(tmp_path: Path) -> None:
    metadata = {
        "app_version": "4", "positive_prompt": "a fox", "negative_prompt": "", "seed": 5, "steps": 12, "cfg_scale": 7.5,
        "scheduler": "dpmpp_2m_k", "width": 640, "height": 512, "model": {"name": "juggernaut"},
    }  # fmt: skip

    nodes = read(write_png(tmp_path / "a.png", invokeai_metadata=json.dumps(metadata))).nodes

    assert nodes["model"].inputs["ckpt_name"] == "juggernaut.safetensors"
    assert (nodes["sample"].inputs["sampler_name"], nodes["sample"].inputs["scheduler"]) == ("dpmpp_2m", "karras")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", "is not JSON"),
        ("a.json", b'{"a": 1}', "contains no document"),
        ("a.json", b'{"studio": 1, "nodes": {}}', "is a graph of Studio already"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.json", b"hello", "contains no document"),
        ("a.json", b" " * (2**20 + 1), "more than 1048576"),
        ("a.png", b"\x89PNG\r\n\x1a\n\x00", "damaged media file"),
        ("a.mp4", b"nothing", "is neither JSON nor a media file"),
        ("a.json", b'{"1": {"inputs": {}}, "2": {"class_type": "A", "inputs": []}}', "has no class_type"),
        ("a.json", b'{"2": {"class_type": "A", "inputs": []}}', "invalid inputs of node '2'"),
        ("a.json", b'{"nodes": [1], "links": []}', "invalid node"),
    ],
)
def test_a_malformed_file_is_an_error_in_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UsageError) as caught:
        read(tmp_path / name)

    assert caught.value.code == "E029"
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_a_png_without_a_document_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="carries no document"):
        read(write_png(tmp_path / "a.png", comment="hello"))


def test_a_text_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="carries a text of 1048577 characters"):
        read(write_png(tmp_path / "a.png", prompt=" " * (2**20 + 1)))


def test_only_documents_of_other_programs_are_named() -> None:
    assert name_program(PROMPT) == name_program(CANVAS) == "ComfyUI"
    assert name_program({"studio": 1, "nodes": {}}) == name_program([]) == ""
