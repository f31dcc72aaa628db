"""`studio credentials`, signed runs and batches, and what `studio verify` says of signed files."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

_GRAPH = {
    "inputs": {"color": {"type": "text", "default": "navy"}},
    "nodes": {
        "paper": {
            "type": "image.gradient",
            "inputs": {"width": 32, "height": 24, "colors": [{"from": "inputs.color"}, "orange"]},
        }
    },
    "outputs": {"picture": {"from": "paper"}},
}
_SMALLER = {
    "nodes": {"small": {"type": "image.resize", "inputs": {"image": {"file": "photo.png"}, "width": 8}}},
    "outputs": {"small": {"from": "small"}},
}


@pytest.fixture
def signed(desk: Desk) -> Path:
    """A signed picture."""
    desk.write_graph("card.json", _GRAPH)
    desk.succeed("credentials", "init", "Ada Lovelace")
    desk.succeed("run", "card.json", "-o", "out", "--sign")
    return desk / "out/picture.png"


def move(path: Path, name: str) -> Path:
    """Take a file out of the folder that records it."""
    target = path.parent.parent / name
    path.rename(target)
    return target


def change(path: Path) -> None:
    """Change a pixel, and keep all else."""
    data = bytearray(path.read_bytes())
    data[-25] ^= 1
    path.write_bytes(data)


def find_verdict(desk: Desk, path: Path, *options: str) -> tuple[int, str, str]:
    done = desk.call("verify", path, "--json", *options)
    verdict = done.json["files"][0]["verdict"]
    return done.code, verdict["kind"], verdict["statement"]


def test_a_key_is_made_shown_and_renewed(desk: Desk) -> None:
    assert "no certificate yet" in desk.succeed("credentials", "show").out

    made = desk.succeed("credentials", "init", "Ada Lovelace", "--json").json["certificates"]
    again = desk.call("credentials", "init", "Ada Lovelace")
    renewed = desk.succeed("credentials", "init", "--renew", "--json").json["certificates"]
    shown = desk.succeed("credentials", "show", "--json").json

    assert [(row["role"], row["name"]) for row in made] == [
        ("signs", "Ada Lovelace"),
        ("authority", "Ada Lovelace: authority"),
    ]
    assert again.code == 2
    assert "E776" in again.err
    assert renewed[0]["fingerprint"] != made[0]["fingerprint"]
    assert shown["certificates"] == renewed
    assert shown["sign"] is False


def test_a_name_is_asked_for(desk: Desk) -> None:
    done = desk.call("credentials", "init")

    assert done.code == 2
    assert "NAME" in done.err


def test_a_signed_file_is_made_here_and_unchanged_with_and_without_its_record(desk: Desk, signed: Path) -> None:
    recorded = find_verdict(desk, signed)
    moved = find_verdict(desk, move(signed, "moved.png"))

    assert recorded == (0, "unchanged", "made here and unchanged, signed by Ada Lovelace (trusted)")
    assert moved == (0, "unchanged", "made here and unchanged, signed by Ada Lovelace (trusted)")


def test_a_changed_file_is_said_to_be_with_and_without_its_record(desk: Desk, signed: Path) -> None:
    change(signed)

    recorded = find_verdict(desk, signed)
    moved = find_verdict(desk, move(signed, "moved.png"))

    assert recorded[:2] == (1, "changed")
    assert recorded[2].startswith("made here and changed: other bytes than were written")
    assert moved[:2] == (1, "changed")
    assert moved[2].startswith("made here and changed since it was signed by Ada Lovelace (trusted)")


def test_a_file_of_a_stranger_is_signed_and_trusted_once_the_authority_is(
    desk: Desk, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, authority = move(signed, "moved.png"), desk / "../data/studio/credentials/authority.pem"
    monkeypatch.setenv("XDG_DATA_HOME", str(desk / "of another"))

    before = find_verdict(desk, path)
    desk.succeed("credentials", "trust", authority)
    after = find_verdict(desk, path)

    stranger = (
        "signed by Ada Lovelace (not trusted: no authority that you trust vouches for the name), and unchanged since"
    )
    assert before == (0, "signed", stranger)
    assert after == (0, "signed", "signed by Ada Lovelace (trusted), and unchanged since")


def test_a_certificate_that_is_no_authority_is_not_trusted(desk: Desk, signed: Path) -> None:
    done = desk.call("credentials", "trust", desk / "../data/studio/credentials/certificate.pem")

    assert done.code == 2
    assert "E777" in done.err


def test_nothing_is_said_to_be_changed_where_there_is_nothing_to_compare(desk: Desk) -> None:
    desk.write_picture("photo.png")
    desk.write_graph("card.json", _GRAPH)
    desk.succeed("run", "card.json", "-o", "out", "--no-sign")
    path = move(desk / "out/picture.png", "moved.png")

    labeled = find_verdict(desk, path)
    with Image.open(path) as image:
        image.resize((5, 5)).save(desk / "plain.png")

    assert labeled[:2] == (0, "labeled")
    assert "labeled algorithmicMedia (computed); it says that Studio" in labeled[2]
    assert find_verdict(desk, desk / "photo.png") == (2, "unknown", "nothing known: no record, no signature, no label")
    assert find_verdict(desk, desk / "plain.png")[1] == "unknown"


def test_an_edited_picture_of_a_signed_one_keeps_its_chain(desk: Desk, signed: Path) -> None:
    move(signed, "photo.png")
    desk.write_graph("smaller.json", _SMALLER)
    desk.succeed("run", "smaller.json", "-o", "edited", "--sign")

    done = desk.succeed("verify", "edited/small.png", "--tree")
    tree = desk.succeed("verify", "edited/small.png", "--tree", "--json").json["files"][0]["tree"]

    assert [(row["title"], row["relation"], row["depth"]) for row in tree] == [
        ("small.png", "", 0),
        ("picture.png", "parent", 1),
    ]
    assert tree[0]["actions"] == ["opened", "edited (image.resize)"]
    assert "└─ parent: picture.png, signed by Ada Lovelace, Studio" in done.out


def test_a_label_of_a_signed_file_is_that_of_what_ran(desk: Desk, signed: Path) -> None:
    move(signed, "photo.png")
    desk.write_graph("smaller.json", _SMALLER)
    desk.succeed("run", "smaller.json", "-o", "edited", "--sign")

    files = desk.succeed("verify", "edited", "--tree", "--json").json["files"]

    assert [file["label"] for file in files] == ["algorithmicMedia"]


def test_an_unchanged_output_is_not_taken_for_signed_and_a_signed_one_is_not_written_again(desk: Desk) -> None:
    desk.write_graph("card.json", _GRAPH)
    desk.succeed("credentials", "init", "Ada")
    path = desk / "out/picture.png"
    desk.succeed("run", "card.json", "-o", "out")
    plain = path.read_bytes()

    desk.succeed("run", "card.json", "-o", "out", "--sign")
    signed = path.read_bytes()
    desk.succeed("run", "card.json", "-o", "out", "--sign")
    again = path.read_bytes()
    desk.succeed("credentials", "init", "--renew")
    desk.succeed("run", "card.json", "-o", "out", "--sign")

    assert len(signed) > len(plain)
    assert again == signed
    assert path.read_bytes() != signed


def test_a_stripped_file_keeps_its_label_and_its_signature(desk: Desk) -> None:
    desk.write_graph("card.json", _GRAPH)
    desk.succeed("credentials", "init", "Ada")
    desk.succeed("run", "card.json", "-o", "out", "--sign", "--strip", "--set", "color=teal")
    path = move(desk / "out/picture.png", "moved.png")

    shown = desk.succeed("verify", path, "--show", "--json").json["files"][0]

    assert shown["label"] == "algorithmicMedia"
    assert shown["verdict"]["kind"] == "unchanged"
    assert shown["embedded"]["graph"] == "none: it was written with --strip"
    assert shown["embedded"]["values"] == {}
    for word in (b"teal", b"gradient", b"paper"):
        assert word not in path.read_bytes()
    done = desk.call("run", path, "-o", "again")
    assert done.code == 2
    assert "was written without its graph (--strip)" in done.err


def test_what_is_embedded_is_shown(desk: Desk, signed: Path) -> None:
    done = desk.succeed("verify", signed, "--show")

    assert "values: {}" in done.out
    assert '"type": "image.gradient"' in done.out
    assert '"place": "in the file"' in done.out


def test_evidence_is_listed_with_its_strength(desk: Desk, signed: Path) -> None:
    evidence = desk.succeed("verify", signed, "--detect", "--json").json["files"][0]["evidence"]

    assert [(one["source"], one["strength"]) for one in evidence][:2] == [("record", "proof"), ("credentials", "proof")]
    assert {one["source"]: one["strength"] for one in evidence}["label"] == "weak"


def inspect_in_graph(desk: Desk, name: str) -> list[dict[str, Any]]:
    """Return the evidence that a node finds in a file."""
    node = {"type": "provenance.inspect", "inputs": {"file": {"file": name}}}
    outputs = {"found": {"from": "inspect.evidence"}}
    desk.write_graph("inspect.json", {"studio": 1, "nodes": {"inspect": node}, "outputs": outputs})
    desk.succeed("run", "inspect.json", "-o", "found", "--no-sign")
    found: list[dict[str, Any]] = json.loads((desk / "found/found.json").read_text(encoding="utf-8"))
    return found


def test_a_node_finds_the_credentials_of_a_file_and_what_it_was_made_from(desk: Desk, signed: Path) -> None:
    move(signed, "photo.png")
    desk.write_graph("smaller.json", _SMALLER)
    desk.succeed("run", "smaller.json", "-o", "edited", "--sign")
    small = move(desk / "edited/small.png", "small.png")

    first, *others = inspect_in_graph(desk, "small.png")
    change(small)
    changed = inspect_in_graph(desk, "small.png")

    assert (first["source"], first["strength"]) == ("credentials", "proof")
    assert first["statement"] == "it is signed by Ada Lovelace (trusted), and unchanged since"
    assert [entry["title"] for entry in first["details"]["chain"]] == ["small.png", "picture.png"]
    assert {one["source"]: one["strength"] for one in others}["label"] == "weak"
    assert {one["source"]: one["strength"] for one in changed}["credentials"] == "weak"


def test_a_node_says_that_credentials_are_not_checked_without_the_extra(
    desk: Desk, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(signed, "photo.png")
    monkeypatch.setitem(sys.modules, "c2pa", None)

    found = {one["source"]: one for one in inspect_in_graph(desk, "photo.png")}

    assert found["credentials"]["strength"] == "weak"
    assert "pip install 'studio[credentials]'" in found["credentials"]["statement"]


def test_a_plugin_adds_evidence(desk: Desk) -> None:
    (desk / "plugins").mkdir()
    (desk / "plugins/studio_stamps.py").write_text(
        "from studio.api import hookimpl\nfrom studio.api.evidence import Evidence\n\n@hookimpl\n"
        "def studio_evidence():\n    return [lambda path: [Evidence('stamp', 'it has a stamp', 'strong')]]\n",
        encoding="utf-8",
    )
    desk.write_picture("photo.png")

    code, kind, statement = find_verdict(desk, desk / "photo.png", "--detect", "--plugins-dir", str(desk / "plugins"))

    assert (code, kind, statement) == (0, "marked", "marked: it has a stamp")


def test_a_setting_signs_all_and_secrets_stay_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CREDENTIALS_PASSPHRASE", "open sesame, please")
    desk.write_graph("card.json", _GRAPH)
    desk.succeed("credentials", "init", "Ada")
    (desk / "config.toml").write_text("[credentials]\nsign = true\n", encoding="utf-8")
    monkeypatch.setenv("STUDIO_CONFIG", str(desk / "config.toml"))

    desk.succeed("run", "card.json", "-o", "out")
    shown = desk.succeed("config", "show", "--json").json["settings"]

    assert find_verdict(desk, desk / "out/picture.png")[2].endswith("signed by Ada (trusted)")
    assert shown["credentials.sign"]["value"] is True
    for path in [path for path in (desk / "out").rglob("*") if path.is_file()]:
        assert b"sesame" not in path.read_bytes()
        assert b"PRIVATE" not in path.read_bytes()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_batch_is_signed_and_resumes(workers: str, desk: Desk) -> None:
    desk.write_graph("card.json", _GRAPH)
    desk.succeed("credentials", "init", "Ada")
    (desk / "items.csv").write_text("name,color\na,red\nb,teal\nc,gold\n", encoding="utf-8")
    call = ("batch", "card.json", "items.csv", "-o", "out", "--workers", workers, "--no-gallery", "--sign")

    assert desk.call(*call, "--first", "1").code == 3
    desk.succeed(*call)
    files = desk.succeed("verify", "out", "--json").json["files"]

    assert [file["standing"] for file in files] == ["sound"] * 3
    assert {file["verdict"]["statement"] for file in files} == {"made here and unchanged, signed by Ada (trusted)"}


def write_saving(desk: Desk, name: str) -> Path:
    """Write a graph with a node that saves a file of this name."""
    graph = json.loads(json.dumps(_GRAPH))
    graph["nodes"]["save_image"] = {"type": "image.save", "inputs": {"image": {"from": "paper"}, "path": name}}
    graph["outputs"] = {"kept": {"from": "save_image"}}
    return desk.write_graph("saving.json", graph)


def test_a_file_that_a_node_saves_is_signed(desk: Desk) -> None:
    write_saving(desk, "kept.jpg")
    desk.succeed("credentials", "init", "Ada")

    desk.succeed("run", "saving.json", "-o", "out", "--sign")
    file = desk.succeed("verify", "out", "--tree", "--json").json["files"][0]

    assert file["name"] == "kept.jpg"
    assert file["verdict"]["statement"] == "made here and unchanged, signed by Ada (trusted)"
    assert file["tree"][0]["actions"] == ["created (image.gradient)"]


def test_a_saved_file_fits_its_size_limit_with_its_signature(desk: Desk, signed: Path) -> None:
    move(signed, "photo.png")
    large = {"image": {"file": "photo.png"}, "width": 640, "height": 480}
    noise = {"width": 640, "height": 480, "seed": 1}
    save = {"image": {"from": "mixed"}, "path": "kept.jpg", "max_kilobytes": 60}
    desk.write_graph("saving.json", {
        "studio": 1,
        "nodes": {
            "large": {"type": "image.resize", "inputs": large},
            "noise": {"type": "image.noise", "inputs": noise},
            "mixed": {"type": "image.blend", "inputs": {"base": {"from": "large"}, "top": {"from": "noise"}}},
            "save": {"type": "image.save", "inputs": save},
        },
        "outputs": {"kept": {"from": "save"}},
    })  # fmt: skip

    desk.succeed("run", "saving.json", "-o", "plain", "--no-sign")
    desk.succeed("run", "saving.json", "-o", "out", "--sign")
    sizes = [(desk / folder / "kept.jpg").stat().st_size for folder in ("plain", "out")]
    tree = desk.succeed("verify", "out/kept.jpg", "--tree", "--json").json["files"][0]["tree"]

    assert sizes[1] <= 60_000
    assert min(sizes) > 50_000
    assert [row["title"] for row in tree] == ["kept.jpg", "picture.png"]


def test_a_saved_file_that_cannot_be_signed_ends_in_one_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_saving(desk, "kept.jpg")
    desk.succeed("credentials", "init", "Ada")
    monkeypatch.setattr("studio.provenance.credentials.signer.FileSigner.sign", fail)

    done = desk.call("run", "saving.json", "-o", "out", "--sign")

    assert done.code == 3
    assert "E312" in done.err
    assert "cannot sign 'kept.jpg': No space left on device" in done.err


def test_two_saved_files_do_not_share_one_file_of_credentials(desk: Desk) -> None:
    graph = json.loads(write_saving(desk, "kept.exr").read_text(encoding="utf-8"))
    graph["nodes"]["tone"] = {"type": "audio.tone", "inputs": {"seconds": 0.2}}
    graph["nodes"]["save"] = {"type": "audio.save", "inputs": {"audio": {"from": "tone"}, "path": "kept.ogg"}}
    graph["outputs"]["sound"] = {"from": "save"}
    desk.write_graph("saving.json", graph)
    desk.succeed("credentials", "init", "Ada")

    done = desk.call("run", "saving.json", "-o", "out", "--sign")
    plain = desk.call("run", "saving.json", "-o", "plain", "--no-sign")

    assert (done.code, plain.code) == (3, 0), done.text
    assert "E314" in done.err
    assert "kept.c2pa" in done.err


def test_credentials_that_do_not_fit_an_unchanged_file_are_told(desk: Desk) -> None:
    write_saving(desk, "kept.exr")
    desk.succeed("credentials", "init", "Ada")
    desk.succeed("run", "saving.json", "-o", "out", "--sign")
    signed = find_verdict(desk, desk / "out/kept.exr")
    desk.succeed("run", "saving.json", "-o", "out", "--set", "color=white", "--no-sign")

    code, kind, statement = find_verdict(desk, desk / "out/kept.exr")
    listed = desk.call("verify", "out")
    (desk / "out/kept.c2pa").write_bytes(b"jumb")
    damaged = find_verdict(desk, desk / "out/kept.exr")
    (desk / "out/kept.c2pa").unlink()
    removed = find_verdict(desk, desk / "out/kept.exr")

    assert signed[:2] == (0, "unchanged")
    assert (code, kind) == (1, "invalid")
    assert "made here and unchanged, but its content credentials do not fit it" in statement
    assert "run again with --sign, or remove them" in statement
    assert listed.code == 1
    assert "do not fit it" in listed.out
    assert damaged[:2] == (1, "invalid")
    assert removed == (0, "unchanged", "made here and unchanged")


def test_a_broken_library_leaves_credentials_unchecked(
    desk: Desk, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = desk / "broken/c2pa"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise OSError('libc2pa_c.so: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    for name in [name for name in sys.modules if name.partition(".")[0] == "c2pa"]:
        monkeypatch.delitem(sys.modules, name)
    path = move(signed, "moved.png")

    assert find_verdict(desk, path)[:2] == (0, "unchecked")
    assert "cannot be loaded" in desk.call("credentials", "show").err


@pytest.mark.parametrize("command", ["run", "batch"])
def test_what_cannot_sign_ends_in_one_line_before_anything_runs(command: str, desk: Desk) -> None:
    desk.write_graph("card.json", _GRAPH)
    (desk / "items.csv").write_text("name,color\na,red\nb,teal\n", encoding="utf-8")
    items = ["items.csv", "--workers", "0"] if command == "batch" else []

    done = desk.call(command, "card.json", *items, "-o", "out", "--sign")
    os.makedirs(desk / "../data/studio/credentials", exist_ok=True)

    assert done.code == 2
    assert done.err.count("E771") == 1
    assert not list((desk / "out").glob("*.png"))


def test_without_the_extra_a_run_says_what_to_install_and_credentials_are_unchecked(
    desk: Desk, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = move(signed, "moved.png")
    monkeypatch.setitem(sys.modules, "c2pa", None)

    done = desk.call("run", "card.json", "-o", "out", "--sign")
    code, kind, statement = find_verdict(desk, path)

    assert done.code == 2
    assert "E770" in done.err
    assert "pip install 'studio[credentials]'" in done.err
    assert (code, kind) == (0, "unchecked")
    assert "pip install 'studio[credentials]'" in statement
    assert desk.call("credentials", "show").code == 2


def test_a_run_that_is_not_signed_does_not_load_the_library(desk: Desk) -> None:
    desk.write_graph("card.json", _GRAPH)

    modules = desk.list_modules("run", "card.json", "-o", "out")

    assert not [name for name in modules if name.partition(".")[0] in ("c2pa", "cryptography")]


def test_how_much_a_changed_file_differs_is_said_where_the_cache_knows(desk: Desk) -> None:
    desk.write_graph("card.json", _GRAPH)
    desk.succeed("run", "card.json", "-o", "out")
    path = desk / "out/picture.png"
    with Image.open(path) as image:
        edited: Any = image.copy()
    edited.putpixel((3, 3), (255, 255, 255))
    edited.save(path)

    pixel = find_verdict(desk, path)[2]
    edited.resize((9, 9)).save(path)
    size = find_verdict(desk, path)[2]

    assert "samples differ by" in pixel
    assert size.endswith("another size or another length")
