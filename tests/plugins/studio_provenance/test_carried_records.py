"""Records of other programs: found in true files, and hostile files end in nothing."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo

from studio.testing import TestContext
from studio_provenance import studio_evidence
from studio_provenance.carried_records import find_records
from studio_provenance.detect import find_evidence, find_labels
from tests.plugins.studio_provenance.pictures import PAYLOAD, draw_scene, mark

PARAMETERS = "a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64"
NODES = '{"3": {"class_type": "KSampler", "inputs": {}}}'


def write_png(path: Path, texts: dict[str, str], packed: bool = False) -> Path:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text, zip=packed)
    PIL.Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path, pnginfo=info)
    return path


def write_chunks(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    made = [struct.pack(">I", len(data)) + kind + data + b"\0\0\0\0" for kind, data in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(made))
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("texts", "program"),
    [
        ({"parameters": PARAMETERS}, "AUTOMATIC1111 (or one that writes like it)"),
        ({"prompt": NODES}, "ComfyUI"),
        ({"invokeai_metadata": "{}"}, "InvokeAI"),
        ({"Software": "NovelAI"}, "NovelAI"),
    ],
)
def test_a_record_names_its_program(tmp_path: Path, texts: dict[str, str], program: str, packed: bool) -> None:
    assert [each.program for each in find_records(write_png(tmp_path / "a.png", texts, packed))] == [program]


@pytest.mark.parametrize("texts", [{}, {"parameters": "of a curve"}, {"prompt": "[]"}, {"Software": "GIMP"}])
def test_other_texts_are_no_records(tmp_path: Path, texts: dict[str, str]) -> None:
    assert find_records(write_png(tmp_path / "a.png", texts)) == []


def test_parameters_are_found_in_the_exif_of_a_jpeg(tmp_path: Path) -> None:
    image, exif = PIL.Image.new("RGB", (8, 8)), PIL.Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + PARAMETERS.encode("utf-16-be")
    image.save(tmp_path / "a.jpg", exif=exif)

    assert [each.text for each in find_records(tmp_path / "a.jpg")] == [PARAMETERS]


def test_a_chunk_that_unpacks_to_a_gigabyte_is_left_out(tmp_path: Path) -> None:
    bomb = zlib.compressobj()
    data = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(200)) + bomb.flush()
    path = write_chunks(tmp_path / "a.png", (b"zTXt", b"parameters\0\0" + data), (b"tEXt", b"Software\0NovelAI"))

    assert [each.program for each in find_records(path)] == ["NovelAI"]


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"zTXt", b"parameters\0\0not zlib")],
        [(b"iTXt", b"prompt\0\1\0")],
        [(b"tEXt", b"")],
        [(b"tEXt", b"prompt\0" + b"[" * 100_000)],
        [(b"tEXt", b"parameters\0\xff\xfe\xff")],
        [(b"tEXt", b"a\0b")] * 10_000,
    ],
)
def test_damaged_chunks_are_nothing(tmp_path: Path, chunks: list[tuple[bytes, bytes]]) -> None:
    assert find_records(write_chunks(tmp_path / "a.png", *chunks)) == []


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt", b"\0" * 9999])
def test_a_file_that_is_cut_off_says_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(data)

    assert find_evidence(path, b"k" * 16, "yours") == []


def test_all_that_is_known_of_a_file_comes_with_its_strength(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    info.add_itxt("XML:com.adobe.xmp", "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
    PIL.Image.fromarray(mark(draw_scene())).save(tmp_path / "a.png", pnginfo=info)

    from studio_provenance.settings import PUBLIC_KEY

    found = find_evidence(tmp_path / "a.png", PUBLIC_KEY, "public")

    assert [(one.source, one.strength) for one in found] == [("mark", "strong"), ("label", "weak"), ("record", "weak")]
    assert found[0].details["payload"] == PAYLOAD
    assert found[1].details == {"digital_source_type": "trainedAlgorithmicMedia"}


def test_an_unknown_term_is_told_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"http://cv.iptc.org/newscodes/digitalsourcetype/dreamt")

    assert [one.details["digital_source_type"] for one in find_labels(tmp_path / "a.bin")] == ["dreamt"]


def test_the_hook_finds_a_mark(tmp_path: Path) -> None:
    from studio.api import PluginHome

    PIL.Image.fromarray(mark(draw_scene())).save(tmp_path / "a.png")

    found = [one for find in studio_evidence(PluginHome("provenance", None)) for one in find(tmp_path / "a.png")]

    assert [one.details["payload"] for one in found] == [PAYLOAD]


def test_inspect_says_so_if_nothing_is_known(tmp_path: Path) -> None:
    from studio.api import File
    from studio_provenance.nodes.evidence import inspect_file
    from studio_provenance.settings import ProvenanceSettings

    path = write_png(tmp_path / "a.png", {})
    result = inspect_file(TestContext(), File(path, "0" * 64, path.stat().st_size), ProvenanceSettings())

    assert (result.evidence, result.summary.split(":")[0]) == ([], "nothing is known of this file")
