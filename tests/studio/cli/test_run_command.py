"""`studio run`: inputs, outputs, names, exit codes, the cache, interruptions, pictures that carry their graph."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from tests.studio.cli.conftest import Desk, Done

# -- what runs and what does not ----------------------------------------------------------------------------


def test_the_second_run_in_a_new_process_runs_no_node_and_loads_no_heavy_library(
    desk: Desk, poster: Callable[..., Path]
) -> None:
    graph = poster()

    first = desk.call_process("run", graph)
    modules = desk.list_modules("run", graph, "-o", "again")

    assert first.code == 0, first.text
    assert "7 run, 0 from the cache" in first.err
    manifest = json.loads(next((desk / "again/.studio").glob("*.json")).read_text(encoding="utf-8"))
    assert manifest["cache"] == {"hits": 7, "calls": 7}
    assert "studio.execution.run" in modules
    assert not {"torch", "cv2", "networkx", "pydantic"} & modules
    # of plugins, what their value types need alone
    # and what node types with settings of a machine need, whose declarations are not kept
    spared = ("studio_audio", "studio_provenance", "studio_text")
    ours = [name for name in modules if name.startswith("studio_") and name.partition(".")[0] not in spared]
    assert set(ours) <= {"studio_diffusion", "studio_diffusion.control_value"}
    assert not [name for name in modules if name.startswith(("studio_audio.nodes", "studio_text.nodes"))]
    assert (desk / "out/poster.png").read_bytes() == (desk / "again/poster.png").read_bytes()


def test_a_new_caption_runs_only_the_caption_node(desk: Desk, poster: Callable[..., Path]) -> None:
    graph = poster()
    desk.count(graph)

    done = desk.call("run", graph, "--set", "caption=Garden", "--json")

    ran = [name for name, node in done.json["nodes"].items() if node["cached"] < node["calls"]]
    assert ran == ["caption"]


def test_a_new_contrast_runs_only_what_hangs_on_it(desk: Desk, poster: Callable[..., Path]) -> None:
    graph = poster()
    desk.count(graph)
    part = desk / "parts/finish.json"
    part.write_text(part.read_text(encoding="utf-8").replace("1.06", "1.5"), encoding="utf-8")

    done = desk.call("run", graph, "--json")

    ran = {name for name, node in done.json["nodes"].items() if node["cached"] < node["calls"]}
    assert ran == {"finish/tone", "finish/crisp", "caption"}


def test_new_names_for_all_nodes_and_another_order_of_all_keys_run_nothing(
    desk: Desk, poster: Callable[..., Path]
) -> None:
    desk.count(poster())

    assert desk.count(poster(lambda name: f"other_{name}", reverse=True)) == (0, 7)


def test_only_makes_one_output(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "--only", "shout", "--json")

    assert list(done.json["nodes"]) == ["loud"]
    assert [Path(file).name for file in done.json["files"]] == ["shout.txt"]


def test_only_refuses_an_unknown_output(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "--only", "pictur")

    assert done.code == 2
    assert "no output 'pictur'" in done.err
    assert "picture, shout" in done.err


def test_no_cache_neither_looks_up_nor_keeps(desk: Desk, card: Path) -> None:
    desk.count(card)

    assert desk.count(card, "--no-cache") == (3, 0)
    assert desk.count(card, "--no-cache", "--set", "words=new") == (3, 0)
    assert desk.count(card, "--set", "words=new") == (2, 1)


def test_refresh_runs_everything_and_keeps_it(desk: Desk, card: Path) -> None:
    desk.count(card)

    assert desk.count(card, "--refresh") == (3, 0)
    assert desk.count(card) == (0, 3)


# -- inputs -------------------------------------------------------------------------------------------------


@pytest.fixture
def echo(desk: Desk) -> Path:
    """A graph that gives its inputs back."""
    defaults: dict[str, Any] = {"text": "t", "int": 1, "float": 0.5, "bool": False, "json": {"a": 1}, "list[int]": [1]}
    inputs: dict[str, Any] = {kind.removesuffix("[int]"): {"type": kind, "default": v} for kind, v in defaults.items()}
    inputs["choice"] = {"type": "choice", "choices": ["red", "blue"], "default": "red"}
    inputs["int"] |= {"minimum": 0, "maximum": 9}
    inputs["image"] = {"type": "image", "optional": True}
    return desk.write_graph("echo.json", {
        "inputs": inputs, "nodes": {}, "outputs": {name: {"from": f"inputs.{name}"} for name in inputs},
    })  # fmt: skip


@pytest.mark.parametrize(("pair", "file", "content"), [
    ("text=Grüße = Fuß", "text.txt", "Grüße = Fuß"),
    ("text=", "text.txt", ""),
    ("text=123", "text.txt", "123"),
    ("text=@words.txt", "text.txt", "from a file"),
    ("text=@@home", "text.txt", "@home"),
    ("int=7", "int.json", "7"),
    ("float=1e-3", "float.json", "0.001"),
    ("float=2", "float.json", "2.0"),
    ("bool=yes", "bool.json", "true"),
    ("bool=False", "bool.json", "false"),
    ("choice=blue", "choice.txt", "blue"),
    ('json={"b": [1, null]}', "json.json", '{"b": [1, null]}'),
    ("json=@more.json", "json.json", '{"c": 2}'),
    ("list=[3, 4]", "list.json", "[3, 4]"),
    ("list=@list.json", "list.json", "[5, 6]"),
    ("list=[]", "list.json", "[]"),
])  # fmt: skip
def test_set_gives_an_input_of_each_kind_its_value(desk: Desk, echo: Path, pair: str, file: str, content: str) -> None:
    (desk / "words.txt").write_text("from a file", encoding="utf-8")
    (desk / "more.json").write_text('{"c": 2}', encoding="utf-8")
    (desk / "list.json").write_text("[5, 6]", encoding="utf-8")

    done = desk.call("run", echo, "--set", pair)

    assert done.code == 0, done.err
    written = (desk / "out" / file).read_text(encoding="utf-8")
    assert written == content if file.endswith(".txt") else json.loads(written) == json.loads(content)


@pytest.mark.parametrize("pair", ["image=@pic.png", "image=pic.png"])
def test_set_reads_a_picture(desk: Desk, echo: Path, pair: str) -> None:
    desk.write_picture("pic.png", "blue")

    assert desk.call("run", echo, "--set", pair).code == 0
    assert Image.open(desk / "out/image.png").getpixel((0, 0)) == (0, 0, 255)


@pytest.mark.parametrize(("pair", "message"), [
    ("int", "'int' gives no input a value"),
    ("=5", "gives no input a value"),
    ("colour=red", "unknown input 'colour'"),
    ("int=10", "expected a number <= 9, found 10"),
    ("int=-1", "expected a number >= 0, found -1"),
    ("int=1.5", "found 1.5"),
    ("int=many", "found 'many'"),
    ("float=NaN", "found 'NaN'"),
    ("bool=perhaps", "expected true or false, found 'perhaps'"),
    ("choice=green", "found 'green'"),
    ("list=3", "expected list[int], found 3"),
    ("list=[1, 'x']", "list[int]"),
    ("text=@nowhere.txt", "cannot read 'nowhere.txt': no such file"),
    ("text=@binary.txt", "'binary.txt' is not UTF-8 text"),
    ("json=@broken.json", "'broken.json' is not JSON"),
    ("image=@nowhere.png", "no file 'nowhere.png'"),
    ("image=@.", "'.' is a folder"),
])  # fmt: skip
def test_a_wrong_value_is_a_usage_error_that_quotes_it(desk: Desk, echo: Path, pair: str, message: str) -> None:
    (desk / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (desk / "broken.json").write_text("{", encoding="utf-8")

    done = desk.call("run", echo, "--set", pair)

    assert done.code == 2
    assert message in done.err
    assert not (desk / "out").exists()


def test_all_wrong_values_are_shown_at_once(desk: Desk, echo: Path) -> None:
    done = desk.call("run", echo, "--set", "int=10", "--set", "colour=red", "--set", "float=x")

    assert done.err.count("error E") == 3


def test_a_picture_that_is_none_fails_its_node_alone(desk: Desk, echo: Path) -> None:
    (desk / "pic.png").write_text("no picture", encoding="utf-8")

    done = desk.call("run", echo, "--set", "image=@pic.png")

    assert done.code == 3
    assert "pic.png" in done.err
    assert "not made: image" in done.err
    assert (desk / "out/text.txt").exists()


@pytest.mark.parametrize(
    "pair", ["images=p%d.png", "images=@p*.png", 'images=[{"file": "p9.png"}, {"file": "p10.png"}]']
)
def test_set_reads_numbered_pictures_in_order(desk: Desk, pair: str) -> None:
    desk.write_picture("p10.png", "blue")
    desk.write_picture("p9.png", "red")
    images = {"images": {"type": "list[image]"}}
    graph = desk.write_graph("g.json", {"inputs": images, "nodes": {}, "outputs": {"o": {"from": "inputs.images"}}})

    done = desk.call("run", graph, "--set", pair)

    assert done.code == 0, done.err
    with Image.open(desk / "out" / "o_000.png") as first, Image.open(desk / "out" / "o_001.png") as second:
        assert (first.getpixel((0, 0))[:3], second.getpixel((0, 0))[:3]) == ((255, 0, 0), (0, 0, 255))
    assert "no file fits 'q*'" in desk.call("run", graph, "--set", "images=q*").err


def test_a_required_input_says_how_to_give_it(desk: Desk) -> None:
    graph = desk.write_graph("g.json", {"inputs": {"x": {"type": "int"}}, "outputs": {"x": {"from": "inputs.x"}}})

    done = desk.call("run", graph)

    assert done.code == 2
    assert "input 'x' has no value" in done.err
    assert "--set x=" in done.err


# -- outputs and their names --------------------------------------------------------------------------------


def test_outputs_of_every_kind_are_written(desk: Desk, card: Path) -> None:
    graph = desk.write_graph("kinds.json", {
        "nodes": {
            "a": {"type": "image.new", "inputs": {"width": 8, "height": 8, "color": ["red", "lime"]}},
            "info": {"type": "image.info", "inputs": {"image": {"from": "a"}}},
            "n": {"type": "logic.length", "inputs": {"items": {"from": "a"}}},
        },
        "inputs": {"numbers": {"type": "list[int]", "default": [1, 2]}, "none": {"type": "text", "optional": True}},
        "outputs": {"pictures": {"from": "a"}, "facts": {"from": "info.facts"}, "count": {"from": "n"},
                    "numbers": {"from": "inputs.numbers"}, "none": {"from": "inputs.none"}},
    })  # fmt: skip

    done = desk.call("run", graph)

    assert done.code == 0, done.err
    names = {path.name for path in (desk / "out").iterdir()} - {".studio"}
    assert names == {"pictures_000.png", "pictures_001.png", "facts.json", "count.json", "numbers.json"}
    assert json.loads((desk / "out/count.json").read_text(encoding="utf-8")) == 2
    assert Image.open(desk / "out/pictures_001.png").getpixel((0, 0)) == (0, 255, 0)
    assert [fact["width"] for fact in json.loads((desk / "out/facts.json").read_text(encoding="utf-8"))] == [8, 8]
    assert "none: nothing" in done.out


@pytest.mark.parametrize(("template", "names"), [
    ("{output}.{ext}", {"picture.png", "shout.txt"}),
    ("{graph}/{output}-x.{ext}", {"card/picture-x.png", "card/shout-x.txt"}),
    ("{output}", {"picture.png", "shout.txt"}),
    ("{output}_{index:02d}.{ext}", {"picture_00.png", "shout_00.txt"}),
    ("{{{output}}}.{ext}", {"{picture}.png", "{shout}.txt"}),
])  # fmt: skip
def test_names_follow_the_template(desk: Desk, card: Path, template: str, names: set[str]) -> None:
    done = desk.call("run", card, "--name", template)

    assert done.code == 0, done.err
    assert {str(Path(line).relative_to(desk / "out")) for line in done.out.split()} == names


def test_the_name_chooses_the_format(desk: Desk, card: Path) -> None:
    assert desk.call("run", card, "--only", "picture", "--name", "photo.jpg").code == 0
    assert (desk / "out/photo.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_format_that_pictures_do_not_have_names_the_output_and_the_right_ones(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "--only", "picture", "--name", "photo.xyz")

    assert done.code == 2
    assert "E003 unsupported image file extension '.xyz' of output 'picture'" in done.err
    assert "png" in done.err
    assert not (desk / "out").exists()


@pytest.mark.parametrize("template", [
    "{0.__class__}", "{output.__class__}", "{output[0]}", "{}", "{0}", "{nope}", "{", "}", "{output!r}.{ext}",
    "{output:>99999999999}", "{index:99999999999d}", "{index:{output}}", "../{output}", "{output}/../../x",
    "/tmp/{output}", "..", "", ".", "same.png",
])  # fmt: skip
def test_a_hostile_or_ambiguous_template_is_refused_before_anything_runs(desk: Desk, card: Path, template: str) -> None:
    done = desk.call("run", card, "--name", template)

    assert done.code == 2
    assert "E003" in done.err
    assert list(desk.folder.iterdir()) == [card]


def test_the_studio_folder_inside_the_output_folder_is_not_for_outputs(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "--name", ".studio/{output}.{ext}")

    assert done.code == 2
    assert "E003 '.studio' in a file name" in done.err


def test_a_link_out_of_the_output_folder_is_not_followed(desk: Desk, card: Path) -> None:
    (desk / "elsewhere").mkdir()
    (desk / "out").mkdir()
    (desk / "out/link").symlink_to(desk / "elsewhere")

    done = desk.call("run", card, "--name", "link/{output}.{ext}")

    assert done.code == 1
    assert "leaves the output folder" in done.err
    assert not list((desk / "elsewhere").iterdir())


def test_an_output_folder_that_is_a_file_is_said_before_anything_runs(desk: Desk, card: Path) -> None:
    (desk / "out").write_text("mine", encoding="utf-8")

    for folder in ("out", "out/deeper"):
        done = desk.call("run", card, "-o", folder)
        assert done.code == 1
        assert "out' is a file" in done.err
    assert (desk / "out").read_text(encoding="utf-8") == "mine"


def test_a_name_whose_folder_is_a_file_fails_that_output(desk: Desk, card: Path) -> None:
    desk.succeed("run", card)

    done = desk.call("run", card, "--name", "picture.png/{output}.{ext}")

    assert done.code == 1
    assert "picture.png' is a file" in done.err


@pytest.mark.usefixtures("file_modes_hold")
def test_an_output_folder_that_cannot_be_written_is_said(desk: Desk, card: Path) -> None:
    (desk / "out").mkdir(mode=0o500)

    done = desk.call("run", card)

    assert done.code == 1
    assert "E512" in done.err


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write to")
def test_an_output_folder_where_no_file_can_be_made_is_said(desk: Desk, card: Path) -> None:
    for folder in ("/proc/studio-out", "/proc/self"):
        done = desk.call("run", card, "-o", folder)

        assert done.code == 1
        assert "E312" in done.err or "E512" in done.err
        assert "-partial" not in done.err


def test_a_title_that_is_no_unicode_does_no_harm(desk: Desk, card: Path) -> None:
    card.write_text(
        card.read_text(encoding="utf-8").replace('"studio": 1', '"studio": 1, "title": "a\\ud800b"'), encoding="utf-8"
    )

    assert desk.call("run", card, "--json").json["graph"]["document"]["title"] == "a\ud800b"
    assert desk.count("out/picture.png", "-o", "again") == (0, 3)


# -- what is printed ----------------------------------------------------------------------------------------


def test_json_prints_the_manifest_that_is_also_kept(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "--json")

    kept = json.loads(next((desk / "out/.studio").glob("*.json")).read_text(encoding="utf-8"))
    assert {key: done.json[key] for key in kept} == kept
    assert done.json["files"] == [str(desk / "out/picture.png"), str(desk / "out/shout.txt")]
    assert done.json["errors"] == []
    assert done.json["outputs"]["picture"]["type"] == "image"
    assert len(done.json["nodes"]["ground"]["fingerprints"]) == 1
    assert done.err == ""


def test_json_of_a_failed_run_has_its_errors(desk: Desk) -> None:
    graph = desk.write_graph("fails.json", FAILS)

    done = desk.call("run", graph, "--json")

    assert done.code == 1
    assert done.json["status"] == "failed"
    assert [error["node"] for error in done.json["errors"]] == ["bad"]


def test_quiet_prints_nothing_but_errors(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "--quiet")

    assert (done.code, done.text) == (0, "")


def test_without_a_terminal_there_are_no_control_characters(desk: Desk, card: Path) -> None:
    done = desk.call_process("run", card)

    assert done.code == 0
    assert done.out.split() == [str(desk / "out/picture.png"), str(desk / "out/shout.txt")]
    assert done.err.count("\n") == 1
    assert "3 run, 0 from the cache" in done.err
    assert "\x1b" not in done.text
    assert "\r" not in done.text


def test_on_a_terminal_progress_shows_up(desk: Desk, slow: list[str]) -> None:
    code, shown = run_on_terminal(desk, "run", *slow, "--set", "steps=60")

    assert code == 0, shown
    assert "slow.count" in shown
    assert "/60" in shown
    assert shown.rstrip().endswith("3 run, 0 from the cache")
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is back


def run_on_terminal(desk: Desk, *args: str) -> tuple[int, str]:
    """Run a command on a pseudo terminal; return its exit code and all that it showed."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    process = desk.start(*args, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other side is gone
            break
        if not read:
            break
        shown += read
    os.close(ours)
    return process.wait(timeout=30), shown.decode()


# -- exit codes ---------------------------------------------------------------------------------------------

BAD = {"type": "logic.get_json", "inputs": {"value": {"a": 1}, "pointer": "/b"}}
FAILS: dict[str, Any] = {"nodes": {"bad": BAD}, "outputs": {"bad": {"from": "bad"}}}


def test_a_failed_run_exits_with_1_and_names_node_and_inputs(desk: Desk) -> None:
    done = desk.call("run", desk.write_graph("fails.json", FAILS))

    assert done.code == 1
    assert "node 'bad' (logic.get_json)" in done.err
    assert "inputs: value=a mapping with 1 key, pointer='/b'" in done.err
    assert "not made: bad" in done.err


def test_a_partly_done_run_exits_with_3_and_writes_the_rest(desk: Desk) -> None:
    graph = desk.write_graph("half.json", {
        "nodes": {"bad": BAD, "good": {"type": "image.new", "inputs": {"width": 8, "height": 8}}},
        "outputs": {"bad": {"from": "bad"}, "good": {"from": "good"}},
    })  # fmt: skip

    done = desk.call("run", graph)

    assert done.code == 3
    assert done.out == f"{desk / 'out/good.png'}\n"


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", "5", '"x"', '{"studio": 2}', '{"studio": 1}', '{"studio": 1, "nodes": []}', "NaN",
    '{"studio": 1, "studio": 1}', "[" * 100_000, "\x00", "\ufeff{",
    '{"studio": 1, "nodes": {"a": {"type": "image.resise"}}, "outputs": {"a": {"from": "a"}}}',
    '{"studio": 1, "nodes": {"a": {"type": "graph:g.json"}}, "outputs": {"a": {"from": "a"}}}',
])  # fmt: skip
def test_a_graph_that_is_none_exits_with_2_and_findings(desk: Desk, text: str) -> None:
    (desk / "g.json").write_text(text, encoding="utf-8")

    done = desk.call("run", "g.json")

    assert done.code == 2
    assert "error E1" in done.err
    assert done.out == ""


@pytest.mark.parametrize("args", [
    [], ["g.json", "--nope"], ["nowhere.json"], ["."], [""], ["card.json", "--set"], ["card.json", "--timeout", "-1"],
    ["card.json", "--memory", "much"], ["card.json", "--device", "abacus"], ["card.json", "--device", "cuda:99"],
    ["card.json", "--root", "nowhere"], ["card.json", "--set", "words"], ["nowhere.png"],
])  # fmt: skip
def test_wrong_usage_exits_with_2(desk: Desk, card: Path, args: list[str]) -> None:
    done = desk.call("run", *args)

    assert done.code == 2
    assert done.err


def test_a_plugins_folder_that_is_not_there_is_an_error(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "--plugins-dir", "nowhere")

    assert done.code in (1, 2)
    assert "nowhere" in done.err


def test_a_time_limit_fails_the_node(desk: Desk, slow: list[str]) -> None:
    done = desk.call("run", *slow, "--timeout", "0.2")

    assert done.code == 1
    assert "0.2 seconds" in done.err


# -- interruptions ------------------------------------------------------------------------------------------


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_ends_soon_with_the_code_of_the_signal_and_leaves_a_good_cache(
    desk: Desk, slow: list[str], number: int, code: int
) -> None:
    process = desk.start("run", *slow)
    wait_for(desk / "began", process)

    process.send_signal(number)
    out, err = process.communicate(timeout=100)

    assert process.returncode == code
    assert out == ""
    assert "cancelled" in err
    assert "Traceback" not in err
    assert desk.call("cache", "verify").out.endswith(" 0 damaged\n")
    assert desk.count(*slow, "--set", "steps=1") == (1, 2)
    assert (desk / "out/number.json").read_text(encoding="utf-8") == "8\n"


def test_a_second_interrupt_ends_at_once_whatever_a_node_does(desk: Desk, slow: list[str]) -> None:
    process = desk.start("run", *slow, "--set", "deaf=true", "--set", "steps=1000000")
    wait_for(desk / "began", process)

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    deadline = time.monotonic() + 100
    while process.poll() is None and time.monotonic() < deadline:  # it may not have seen the first one yet
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert desk.call("cache", "verify").code == 0
    assert desk.count(*slow, "--set", "steps=1") == (1, 2)


# -- files that carry their graph ---------------------------------------------------------------------------


@pytest.fixture
def picture(desk: Desk) -> Path:
    """A picture that was made from a graph in `g`, a file beside it and a file that was given with --set."""
    desk.write_picture("g/own.png", "red")
    desk.write_picture("given/layer.png", "blue")
    graph = desk.write_graph("g/blend.json", {
        "inputs": {"own": {"type": "image", "default": {"file": "own.png"}}, "layer": {"type": "image"},
                   "words": {"type": "text", "default": "Hello"}},
        "nodes": {
            "mix": {"type": "image.blend", "inputs": {
                "base": {"from": "inputs.own"}, "top": {"from": "inputs.layer"}}},
            "caption": {"type": "image.caption", "inputs": {
                "image": {"from": "mix"}, "text": {"from": "inputs.words"}}},
        },
        "outputs": {"picture": {"from": "caption"}},
    })  # fmt: skip
    done = desk.call("run", graph, "--set", "layer=@given/layer.png", "--set", "words=Made")
    assert done.code == 0, done.err
    return desk / "out/picture.png"


def test_a_picture_is_made_again_from_what_it_carries(desk: Desk, picture: Path) -> None:
    assert desk.count(picture, "-o", "again") == (0, 4)
    assert (desk / "again/picture.png").read_bytes() == picture.read_bytes()


def test_a_picture_is_made_again_without_the_cache(desk: Desk, picture: Path) -> None:
    assert desk.count(picture, "-o", "again", "--no-cache") == (4, 0)
    assert (desk / "again/picture.png").read_bytes() == picture.read_bytes()


def test_a_picture_is_made_again_from_another_folder(
    desk: Desk, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")

    assert desk.count(picture, "-o", "again", "--no-cache") == (4, 0)
    assert pixels(tmp_path / "else/again/picture.png") == pixels(picture)


def test_a_picture_is_made_again_after_its_inputs_and_itself_were_moved(desk: Desk, picture: Path) -> None:
    (desk / "g").rename(desk / "g_moved")
    (desk / "given").rename(desk / "given_moved")
    (desk / "far/away").mkdir(parents=True)
    moved = picture.rename(desk / "far/away/renamed.png")

    assert desk.count(moved, "-o", "again") == (0, 4)
    assert pixels(desk / "again/picture.png") == pixels(moved)


def test_a_picture_that_was_made_again_can_be_made_again(desk: Desk, picture: Path) -> None:
    desk.count(picture, "-o", "deeper/again", "--set", "words=New")

    assert desk.count(desk / "deeper/again/picture.png", "-o", "third", "--no-cache") == (4, 0)
    assert pixels(desk / "third/picture.png") == pixels(desk / "deeper/again/picture.png") != pixels(picture)


def test_what_is_missing_is_named_when_neither_file_nor_cache_has_it(desk: Desk, picture: Path) -> None:
    (desk / "given/layer.png").unlink()

    done = desk.call("run", picture, "-o", "again", "--no-cache")

    assert done.code == 1
    assert f"{str(desk / 'given/layer.png')!r} is not there, and the cache does not contain it" in done.err
    assert "--set NAME=@PATH" in done.err


@pytest.mark.parametrize(("file", "name"), [("given/layer.png", "layer"), ("g/own.png", "own")])
def test_a_file_that_changed_is_refused_and_may_be_given_anew(desk: Desk, picture: Path, file: str, name: str) -> None:
    desk.write_picture(file, "green")

    refused = desk.call("run", picture, "-o", "again")
    given = desk.call("run", picture, "-o", "again", "--set", f"{name}=@{file}")

    assert refused.code in (1, 2)
    assert f"{Path(file).name}' has changed" in refused.err
    assert given.code == 0, given.err
    assert pixels(desk / "again/picture.png") != pixels(picture)


def test_an_input_of_a_picture_may_be_given_another_file(desk: Desk, picture: Path) -> None:
    desk.write_picture("another.png", "yellow")

    assert desk.call("run", picture, "-o", "again", "--set", "layer=@another.png").code == 0
    assert desk.count(desk / "again/picture.png", "-o", "third", "--no-cache") == (4, 0)


def test_two_files_of_one_name_are_distinguished(desk: Desk) -> None:
    desk.write_picture("one/p.png", "red")
    desk.write_picture("two/p.png", "blue")
    graph = desk.write_graph("g.json", {
        "inputs": {"a": {"type": "image"}, "b": {"type": "image"}},
        "nodes": {"mix": {"type": "image.blend", "inputs": {
            "base": {"from": "inputs.a"}, "top": {"from": "inputs.b"}}}},
        "outputs": {"p": {"from": "mix"}},
    })  # fmt: skip
    desk.count(graph, "--set", "a=@one/p.png", "--set", "b=@two/p.png")

    assert desk.count("out/p.png", "-o", "again", "--no-cache") == (3, 0)
    assert pixels(desk / "again/p.png") == pixels(desk / "out/p.png")


def test_a_poster_with_a_part_in_another_file_is_made_again_without_it(desk: Desk, poster: Callable[..., Path]) -> None:
    desk.count(poster())
    (desk / "poster.json").unlink()
    (desk / "parts/finish.json").unlink()

    assert desk.count("out/poster.png", "-o", "again") == (0, 7)
    assert (desk / "again/poster.png").read_bytes() == (desk / "out/poster.png").read_bytes()


def test_a_picture_from_a_graph_that_read_outside_its_folder_needs_the_same_leave(desk: Desk) -> None:
    desk.write_picture("far/p.png")
    graph = desk.write_graph("g/g.json", {
        "nodes": {"i": {"type": "image.invert", "inputs": {"image": {"file": "../far/p.png"}}}},
        "outputs": {"p": {"from": "i"}},
    })  # fmt: skip
    assert desk.call("run", graph).code == 2
    desk.count(graph, "--root", "far")

    refused = desk.call("run", "out/p.png", "-o", "again")

    assert refused.code == 2
    assert "--root" in refused.err
    assert desk.count("out/p.png", "-o", "again", "--root", "far") == (0, 2)


def pixels(path: Path) -> bytes:
    return Image.open(path).tobytes()


def test_a_foreign_picture_says_that_it_carries_no_graph(desk: Desk) -> None:
    desk.write_picture("photo.png")
    desk.write_picture("photo.jpg")

    for name in ("photo.png", "photo.jpg"):
        done = desk.call("run", name)
        assert done.code == 2
        assert f"'{name}' contains no graph" in done.err


def test_a_broken_picture_is_an_error(desk: Desk, picture: Path) -> None:
    data = picture.read_bytes()
    for broken in (b"", data[:20], data[: len(data) // 2], b"x" + data):
        (desk / "broken.png").write_bytes(broken)

        done = desk.call("run", "broken.png")

        assert done.code in (1, 2)
        assert "broken.png" in done.err


SECRET = {"file": "../../../../../../../../etc/passwd"}


def read_secret(**more: Any) -> dict[str, Any]:
    """What a picture might carry to read a file that is none of its business."""
    graph = {
        "studio": 1,
        "inputs": {"f": {"type": "image", "optional": True}},
        "nodes": {"a": {"type": "image.invert", "inputs": {"image": {"file": "../../../../../../etc/passwd"}}}},
        "outputs": {"o": {"from": "a"}},
    }
    return {"studio": 1, "graph": graph, "graphs": {}, "inputs": {}, "files": {}, "base": ".", **more}


HARMLESS: dict[str, Any] = {
    "studio": 1,
    "inputs": {"f": {"type": "image"}},
    "nodes": {"a": {"type": "image.invert", "inputs": {"image": {"from": "inputs.f"}}}},
    "outputs": {"o": {"from": "a"}},
}
PART: dict[str, Any] = {"studio": 1, "nodes": {"a": {"type": "graph:p.json"}}, "outputs": {"o": {"from": "a"}}}
NONE = "0" * 64


def use_default(file: str) -> dict[str, Any]:
    return {**HARMLESS, "inputs": {"f": {"type": "image", "default": {"file": file}}}}


HOSTILE: dict[str, Any] = {
    "a path up": read_secret(),
    "a path up, with a digest": read_secret(files={"../../../../../../etc/passwd": NONE}),
    "a base": read_secret(base="/etc", graph=use_default("passwd")),
    "an input": read_secret(graph=HARMLESS, inputs={"f": SECRET}),
    "an input with a digest": read_secret(graph=HARMLESS, inputs={"f": SECRET}, files={SECRET["file"]: NONE}),
    "an endless device": read_secret(graph=HARMLESS, base="/dev", inputs={"f": {"file": "zero"}}, files={"zero": NONE}),
    "an endless device in the graph": read_secret(base="/dev", files={"zero": NONE}, graph=use_default("zero")),
    "a NUL": read_secret(graph=HARMLESS, inputs={"f": {"file": "a\0b"}}, files={"a\0b": NONE}),
    "a NUL in a folder": read_secret(graph=HARMLESS, inputs={"f": {"file": "a\0b/c"}}, files={"a\0b/c": NONE}),
    "a NUL in the base": read_secret(graph=HARMLESS, base="a\0b"),
    "no Unicode": read_secret(graph=HARMLESS, inputs={"f": {"file": "\ud800"}}, files={"\ud800": NONE}),
    "no Unicode in the base": read_secret(graph=HARMLESS, base="\ud800"),
    "a long name": read_secret(graph=HARMLESS, inputs={"f": {"file": "a" * 5000}}, files={"a" * 5000: NONE}),
    "a long base": read_secret(graph=HARMLESS, base="a/" * 5000, inputs={"f": {"file": "a"}}),
    "a number": 5, "a list": [], "nothing": None, "an empty object": {},
    "a graph that is a list": read_secret(graph=[]),
    "a graph that is text": read_secret(graph="graph"),
    "inputs that are a list": read_secret(inputs=[1, 2]),
    "inputs that are text": read_secret(graph=HARMLESS, inputs="text"),
    "inputs of a wrong type": read_secret(graph=HARMLESS, inputs={"f": 5, "g": [], "": None}),
    "files that are a list": read_secret(files=[1]),
    "files that are numbers": read_secret(graph=HARMLESS, inputs={"f": {"file": "x"}}, files={"x": 5}),
    "graphs that are numbers": read_secret(graph=PART, graphs={"p.json": 5}),
    "graphs that are text": read_secret(graph=PART, graphs="p.json"),
    "a graph in itself": read_secret(graph=PART, graphs={"p.json": PART}),
    "a base that is a list": read_secret(base=[]),
    "a part from elsewhere": read_secret(graph={**PART, "nodes": {"a": {"type": "graph:/etc/passwd"}}}),
}  # fmt: skip


def write_carrier(path: Path, text: str) -> Path:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("studio", text)
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize("what", HOSTILE)
def test_a_picture_with_a_hostile_graph_ends_with_findings(desk: Desk, what: str) -> None:
    carrier = write_carrier(desk / "hostile.png", json.dumps(HOSTILE[what]))

    done = desk.call("run", carrier)

    assert done.code in (1, 2)
    assert "root:" not in done.text
    assert " E1" in done.err or " E3" in done.err
    assert not (desk / "out/o.png").exists()


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, "5" * 100_000, '{"graph": NaN}', "\x01"])
def test_a_picture_that_carries_no_json_ends_with_findings(desk: Desk, text: str) -> None:
    done = desk.call("run", write_carrier(desk / "hostile.png", text))

    assert done.code == 2
    assert "E134" in done.err


def test_a_picture_with_a_giant_graph_is_refused(desk: Desk) -> None:
    carrier = write_carrier(desk / "giant.png", json.dumps({"graph": {"studio": 1, "title": "x" * (17 * 2**20)}}))

    done = desk.call("run", carrier)

    assert done.code == 2
    assert "E106" in done.err
    assert len(done.err) < 1000


def test_the_graph_of_a_picture_can_be_validated_and_explained(desk: Desk, picture: Path) -> None:
    assert desk.call("validate", picture).out == f"{picture}: no findings\n"
    assert desk.call("explain", picture).out.count("hit") == 4


WANDERER = '''
"""A plugin whose node changes the current folder."""

import os

from studio.api import Context, Image, hookimpl, node


@node("wander.off", cache="never")
def wander_off(ctx: Context, folder: str) -> int:
    """Change the current folder.

    Args:
        folder: Where to.
    """
    os.chdir(folder)
    return 1


@node("wander.measure")
def measure(ctx: Context, image: Image, after: int) -> int:
    """Return the width of an image.

    Args:
        image: The image.
        after: What comes before.
    """
    return image.width


@hookimpl
def studio_node_types():
    return [wander_off, measure]
'''


def test_a_node_that_changes_the_current_folder_moves_nothing(desk: Desk, tmp_path: Path) -> None:
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_wander.py").write_text(WANDERER, encoding="utf-8")
    desk.write_picture("media/photo.png", size=(17, 5))
    (tmp_path / "far").mkdir()
    nodes = {
        "off": {"type": "wander.off", "inputs": {"folder": str(tmp_path / "far")}},
        "read": {"type": "wander.measure", "inputs": {"image": {"file": "media/photo.png"}, "after": {"from": "off"}}},
    }
    desk.write_graph("g.json", {"nodes": nodes, "outputs": {"width": {"from": "read"}}})
    options = ["--plugins-dir", "plugins", "--cache-dir", "store", "-o", "out"]

    done = desk.call("run", "g.json", *options)

    assert done.code == 0, done.text
    assert (desk / "out/width.json").read_text(encoding="utf-8").strip() == "17"
    assert (desk / "store").is_dir()
    assert list((tmp_path / "far").iterdir()) == []


@pytest.mark.parametrize("link", ["out/picture.png", "out/.studio", "out"])
def test_a_link_in_a_circle_in_the_way_is_an_error_of_its_own(desk: Desk, card: Path, link: str) -> None:
    (desk / link).parent.mkdir(exist_ok=True)
    (desk / link).symlink_to((desk / link).name)

    done = desk.call("run", card, "-o", desk / "out")

    assert done.code in (0, 1, 3)
    assert "E999" not in done.err


# -- the standard input -------------------------------------------------------------------------------------


def run_from_input(desk: Desk, data: bytes, *args: str) -> Done:
    """Give a command a graph on the standard input."""
    process = desk.start(*args, stdin=subprocess.PIPE, text=False)
    out, err = process.communicate(data, timeout=60)
    return Done(process.returncode, out.decode(), err.decode())


def test_a_graph_is_read_from_the_standard_input_and_seen_from_the_current_folder(desk: Desk, card: Path) -> None:
    (desk / "elsewhere").mkdir()
    piped = run_from_input(desk, card.read_bytes(), "run", "-", "-o", "piped")
    named = desk.call("run", card, "-o", "named")

    assert (piped.code, named.code) == (0, 0), piped.err
    files = sorted(path.name for path in (desk / "named").glob("*.*"))
    assert sorted(path.name for path in (desk / "piped").glob("*.*")) == files
    assert run_from_input(desk, card.read_bytes(), "validate", "-").code == 0
    assert run_from_input(desk, card.read_bytes(), "explain", "-").code == 0


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"studio": 1, "nods": {}}'])
def test_what_is_no_graph_on_the_standard_input_ends_with_findings(desk: Desk, data: bytes) -> None:
    done = run_from_input(desk, data, "run", "-")

    assert (done.code, "Traceback" in done.err) == (2, False)
    assert re.search(r"^ *error:? E1", done.err, re.MULTILINE), done.err


def test_a_giant_graph_on_the_standard_input_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_GRAPH_BYTES", "1000")

    done = run_from_input(desk, b'{"studio": 1, "title": "' + b"a" * 5000 + b'"}', "run", "-")

    assert (done.code, "E106" in done.err) == (2, True)


def test_an_output_folder_called_minus_is_not_made_by_mistake(desk: Desk, card: Path) -> None:
    done = desk.call("run", card, "-o", "-")

    assert (done.code, "-o names a folder" in done.err, (desk / "-").exists()) == (2, True, False)
