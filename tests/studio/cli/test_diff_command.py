"""`studio diff`: nodes, inputs, files, code, device, and pixels of graphs, files, manifests and folders."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


def change(path: Path, target: str, edit: Callable[[dict[str, Any]], object]) -> Path:
    """Write a changed copy of a JSON file beside it."""
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    (path.parent / target).write_text(json.dumps(document), encoding="utf-8")
    return path.parent / target


def diff(desk: Desk, *args: str | Path, code: int = 1) -> list[str]:
    done = desk.call("diff", *args)
    assert done.code == code, done.text
    return done.out.splitlines()


def run(desk: Desk, *args: str | Path) -> None:
    done = desk.call("run", *args)
    assert done.code == 0, done.text


def test_a_graph_is_the_same_as_itself_and_defaults_count(desk: Desk, card: Path) -> None:
    other = change(card, "b.json", lambda g: g["nodes"]["words"]["inputs"].update(layout="print"))
    default = desk.call("nodes", "image.caption", "--json").json["inputs"]["layout"]["default"]
    spelled = change(card, "c.json", lambda g: g["nodes"]["words"]["inputs"].update(layout=default))

    assert diff(desk, card, card, code=0) == ["same: graph and values"]
    assert diff(desk, card, spelled, code=0) == ["same: graph and values"]
    assert diff(desk, card, other) == [f'words  input layout: "{default}" in A, "print" in B']


def test_nodes_inputs_types_and_outputs_differ(desk: Desk, card: Path) -> None:
    def edit(g: dict[str, Any]) -> None:
        g["nodes"]["soft"] = {"type": "image.blur", "inputs": {"image": {"from": "words"}}}
        g["nodes"]["ground"] = {"type": "image.noise", "inputs": {"width": {"from": "inputs.width"}, "height": 24}}
        g["nodes"]["loud"]["inputs"]["separator"] = "-"
        g["inputs"]["words"]["default"] = "Bye"
        g["outputs"]["picture"]["from"] = "soft"

    other = change(card, "b.json", edit)
    shown = diff(desk, card, other)

    assert 'loud    input separator: "" in A, "-" in B' in shown
    assert 'words   input text: "Hello" in A, "Bye" in B' in shown
    assert "        output picture: from words.image in A, from soft.image in B" in shown
    assert "ground  node type: image.new in A, image.noise in B" in shown
    assert "soft    only in B (image.blur)" in shown


def test_names_of_nodes_do_not_count(desk: Desk, card: Path) -> None:
    text = card.read_text(encoding="utf-8").replace("ground", "paper")
    other = desk / "b.json"
    other.write_text(text, encoding="utf-8")

    assert diff(desk, card, other, code=0) == [
        "ground  is named paper in B, and makes the same",
        "same: graph and values, but for names",
    ]


def test_two_files_differ_in_a_caption_and_in_pixels(desk: Desk, card: Path) -> None:
    run(desk, card)
    run(desk, card, "-o", "again", "-s", "words=Kunming")

    shown = diff(desk, "out/picture.png", "again/picture.png")

    pixels = [np.asarray(Image.open(desk / f"{name}/picture.png"), float) for name in ("out", "again")]
    apart = pixels[0] - pixels[1]
    psnr = 10 * math.log10(255**2 / (apart**2).mean())
    assert shown[0] == 'words  input text: "Hello" in A, "Kunming" in B'
    assert shown[1:] == [f"pixels differ: PSNR {psnr:.1f} dB, largest difference {abs(apart).max():g} of 255"]


def test_equal_files_are_the_same_wherever_they_lie(desk: Desk, card: Path) -> None:
    run(desk, card)
    run(desk, card, "-o", "deep/again")

    assert diff(desk, "out/picture.png", "deep/again/picture.png", code=0) == ["same: same pixels, graph and values"]


def test_a_graph_and_a_file_are_compared_in_what_the_file_needs(desk: Desk, card: Path) -> None:
    run(desk, card, "-s", "words=Bye")

    assert diff(desk, card, "out/picture.png") == ['words  input text: "Hello" in A, "Bye" in B']


def test_empty_folders_are_the_same(desk: Desk) -> None:
    for name in "ab":
        (desk / name).mkdir()

    assert diff(desk, "a", "b", code=0) == ["same: no files"]


def test_a_text_is_known_by_its_manifest(desk: Desk, card: Path) -> None:
    run(desk, card)
    run(desk, card, "-o", "again", "-s", "words=Bye")

    shown = diff(desk, "out/shout.txt", "again/shout.txt")

    assert any("Bye" in line for line in shown)
    assert shown[-1] == "other bytes"


def test_folders_are_compared_file_by_file(desk: Desk, card: Path) -> None:
    run(desk, card)
    run(desk, card, "-o", "again", "-s", "width=40")
    desk.write_picture("again/more.png")

    shown = diff(desk, "out", "again")
    found = desk.call("diff", "out", "again", "--json").json

    assert shown[0] == "only in B: more.png"
    assert "ground  input width: 32 in A, 40 in B" in shown
    assert any(line.startswith("picture.png: 32x") and " 40x" in line for line in shown)
    assert shown[-1] == "1 file is the same"
    assert [(file["name"], file["standing"]) for file in found["files"]] == [
        ("picture.png", "differs"), ("shout.txt", "same")]  # fmt: skip
    assert (found["same"], found["only_in_b"]) == (False, ["more.png"])


def test_folders_of_batches_are_compared_without_their_galleries(desk: Desk, card: Path) -> None:
    for name, words in (("a", "Hello"), ("b", "Bye")):
        (desk / "items.csv").write_text(f"name,words\none,{words}\ntwo,Same\n", encoding="utf-8")
        assert desk.call("batch", card, "items.csv", "-o", name, "--workers", "0").code == 0

    shown = diff(desk, "a", "b")

    assert 'words  input text: "Hello" in A, "Bye" in B' in shown
    assert not any("gallery" in line or "two" in line for line in shown)
    assert shown[-1] == "2 files are the same"


def test_manifests_tell_code_and_device(desk: Desk, card: Path) -> None:
    run(desk, card)
    manifest = next((desk / "out/.studio").glob("*.json"))

    def edit(m: dict[str, Any]) -> None:
        m["machine"] |= {"device": "cuda", "python": "9.9", "system": "Plan9"}
        m["distributions"]["numpy"]["version"] = "99.0"
        m["nodes"]["words"]["plugin"] = "studio-image 9"
        m["nodes"]["words"]["code"] = 99

    other = change(manifest, "b.json", edit)
    shown = diff(desk, manifest, other)

    assert any(line.endswith("in A, studio-image 9 in B") and "plugin" in line for line in shown)
    assert any(line.startswith("words") and line.endswith("in A, 99 in B") for line in shown)
    assert any(line.strip().startswith("device: ") and line.endswith("cuda in B") for line in shown)
    for part, value in (("python", "9.9"), ("system", "Plan9"), ("distribution numpy", "99.0")):
        assert any(line.strip().startswith(f"{part}: ") and line.endswith(f", {value} in B") for line in shown)
    assert shown[-1] == "2 files are the same"


def test_other_sources_of_one_version_are_told_by_the_cache(desk: Desk, slow: list[str]) -> None:
    folder = desk / "plugins/studio_tint"
    folder.mkdir()
    code = """
from studio.api import Context, hookimpl, node

@node("tint.add")
def add(ctx: Context, number: int) -> int:
    \"\"\"Add.

    Args:
        number: Any number.
    \"\"\"
    return number + 1

@hookimpl
def studio_node_types():
    return [add]
"""
    graph = desk.write_graph("g.json", {
        "nodes": {"add": {"type": "tint.add", "inputs": {"number": 1}}},
        "outputs": {"sum": {"from": "add"}}})  # fmt: skip
    for name, text in (("a", code), ("b", code.replace("+ 1", "+ 2"))):
        (folder / "__init__.py").write_text(text, encoding="utf-8")
        done = desk.call_process("run", graph, "-o", name, "--plugins-dir", "plugins")
        assert done.code == 0, done.text

    shown = diff(desk, "a/sum.json", "b/sum.json", "--plugins-dir", "plugins")

    assert any(line.startswith("add  plugin: ") for line in shown)
    assert shown[-1] == "other bytes"


def test_files_that_a_graph_reads_count_by_content(desk: Desk) -> None:
    for name, color in (("one", "red"), ("two", "red"), ("three", "blue")):
        desk.write_picture(f"{name}.png", color)

    def write(name: str, file: str) -> Path:
        return desk.write_graph(f"{name}.json", {
            "nodes": {"flip": {"type": "image.flip", "inputs": {"image": {"file": file}}}},
            "outputs": {"picture": {"from": "flip"}}})  # fmt: skip

    a, b, c = write("a", "one.png"), write("b", "two.png"), write("c", "three.png")

    assert diff(desk, a, b, code=0) == ["same: graph and values"]
    (line,) = diff(desk, a, c)
    assert line.startswith('flip  input image: "one.png" (')
    assert '"three.png" (' in line


def test_graphs_in_graphs_are_looked_into(desk: Desk, poster: Callable[..., Path]) -> None:
    graph = poster()
    copy = desk / "copy"
    (copy / "parts").mkdir(parents=True)
    (copy / "poster.json").write_text(graph.read_text(encoding="utf-8"), encoding="utf-8")
    part = json.loads((desk / "parts/finish.json").read_text(encoding="utf-8"))
    part["nodes"]["tone"]["inputs"]["contrast"] = 1.5
    (copy / "parts/finish.json").write_text(json.dumps(part), encoding="utf-8")

    (copy / "media").mkdir()
    for name in ("photo.png", "painting.png"):
        (copy / "media" / name).write_bytes((desk / "media" / name).read_bytes())
    assert diff(desk, graph, copy / "poster.json") == ["finish/tone  input contrast: 1.06 in A, 1.5 in B"]


def test_audio_is_compared_by_snr(desk: Desk) -> None:
    def write(name: str, gain: float) -> None:
        graph = desk.write_graph(f"{name}.json", {
            "nodes": {
                "tone": {"type": "audio.tone", "inputs": {"seconds": 0.1}},
                "gain": {"type": "audio.gain", "inputs": {"audio": {"from": "tone"}, "gain": gain}}},
            "outputs": {"sound": {"from": "gain"}}})  # fmt: skip
        run(desk, graph, "-o", name)

    write("a", 0.0)
    write("b", -20.0)

    shown = diff(desk, *(next((desk / name).glob("sound.*")) for name in "ab"))

    assert "gain  input gain: 0.0 in A, -20.0 in B" in shown
    assert shown[-1].startswith("audio differs: SNR 0.9 dB")  # 20 lg (1 / 0.9)


@pytest.mark.parametrize(
    ("a", "b", "code"), [("nosuch", "card.json", "E026"), (".", "card.json", "E026"), ("bad.json", "card.json", "E103")]
)
def test_what_cannot_be_compared_is_2(desk: Desk, card: Path, a: str, b: str, code: str) -> None:
    change(card, "bad.json", lambda g: g["nodes"]["loud"].update(type="logic.nosuch"))

    done = desk.call("diff", a, b)

    assert (done.code, code in done.err) == (2, True)


def test_foreign_and_hostile_files_are_compared_by_pixels_alone(desk: Desk) -> None:
    desk.write_picture("a.png", "red")
    desk.write_picture("b.png", "blue")
    (desk / "c.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")

    assert diff(desk, "a.png", "b.png")[0] == "not both say what made them"
    assert "E511" in diff(desk, "a.png", "c.png")[-1]


def test_diff_never_loads_torch(desk: Desk, card: Path) -> None:
    other = desk / "b.json"
    other.write_text(card.read_text(encoding="utf-8"), encoding="utf-8")

    assert not {"torch", "cv2"} & desk.list_modules("diff", card, other)
