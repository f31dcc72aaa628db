"""The output folder: names by a template, nothing outside of it, nothing overwritten within a run, files whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import blake3
import numpy as np
import pytest

from studio.api import File, Image, OutputPath, TypeSpec, ValueType
from studio.api.builtin import create_builtin_value_types
from studio.errors import MediaError, RunError, StudioError, UsageError
from studio.provenance.carried_text import CarriedText
from studio.provenance.output_folder import OutputFolder, check_template, iterate_media
from studio.provenance.shown_values import escape_braces

VALUE_TYPES: dict[type, ValueType[Any]] = {each.python: each for each in create_builtin_value_types()}
IMAGE = Image(np.zeros((2, 2, 3), np.uint8))


def check(folder: OutputFolder, *outputs: str) -> None:
    """Check the names of outputs that are images."""
    folder.check(dict.fromkeys(outputs, TypeSpec("image")), {each.name: each for each in VALUE_TYPES.values()})


def write(folder: OutputFolder, value: Any, spec: str = "json", output: str = "o", **fields: str) -> list[str]:
    """Write an output, and return the names of its files."""
    fields = {"graph": "g", "run": "r", **fields}
    records = folder.write(output, value, TypeSpec(spec), VALUE_TYPES, CarriedText({"studio": 1}), fields)
    return [record.path.relative_to(folder.folder.resolve()).as_posix() for record in records]


# -- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{output}.{ext}", "o.json"),
        ("{graph}/{run}-{output}", "g/r-o.json"),
        ("fixed.txt", "fixed.txt"),
        ("{{braces}}.{ext}", "{braces}.json"),
    ],
)
def test_the_template_names_a_file(tmp_path: Path, template: str, name: str) -> None:
    assert write(OutputFolder(tmp_path, template), 5) == [name]


def test_the_extension_follows_the_value(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path)

    assert [write(folder, value, output=name)[0] for name, value in
            (("a", "text"), ("b", {"x": 1}), ("c", IMAGE))] == ["a.txt", "b.json", "c.png"]  # fmt: skip


def test_a_list_of_media_gets_a_file_each_and_other_lists_one(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path)

    assert write(folder, [IMAGE, IMAGE], output="many") == ["many_000.png", "many_001.png"]
    assert write(folder, [IMAGE], output="one") == ["one_000.png"]
    assert write(folder, [1, 2], output="numbers") == ["numbers.json"]


def test_an_index_in_the_template_replaces_the_added_one(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path, "{index:02d}/{output}")

    assert write(folder, [IMAGE, IMAGE]) == ["00/o.png", "01/o.png"]


def test_one_entry_of_a_list_is_written_under_the_plain_name(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path, entry=1)

    (record,) = folder.write(
        "o", [IMAGE, IMAGE], TypeSpec("image"), VALUE_TYPES, CarriedText({}), {"graph": "g", "run": "r"}
    )

    assert (record.path.name, record.index) == ("o.png", 1)


def test_media_in_nested_lists_are_found() -> None:
    assert list(iterate_media([[IMAGE], [[IMAGE, IMAGE]]], VALUE_TYPES)) == [IMAGE] * 3
    assert list(iterate_media([[1], [2]], VALUE_TYPES)) == [[[1], [2]]]
    assert list(iterate_media([], VALUE_TYPES)) == [[]]


def test_a_quoted_name_stands_for_itself(tmp_path: Path) -> None:
    name = "{output} {index:03d}.json"

    assert write(OutputFolder(tmp_path, escape_braces(name)), 1) == [name]


@pytest.mark.parametrize(
    "template",
    ["{foo}", "{", "}", "{output!r}", "{output:10}", "{index:200d}", "{output.name}", "{0}", "/abs", "../x",
     "a/../../x", "", "."],
)  # fmt: skip
def test_an_invalid_template_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="E003"):
        check_template(template)


def test_two_outputs_cannot_share_a_name(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path, "x.{ext}")

    check(folder, "one")
    with pytest.raises(UsageError, match="E003"):
        check(folder, "one", "two")
    with pytest.raises(UsageError, match="E003"):
        check(OutputFolder(tmp_path, "{{output}}.{ext}"), "one", "two")


@pytest.mark.parametrize("template", ["{output}.xyz", "{output}.mp4", ".studio/{output}", "a/.Studio/b.{ext}",
                                      ".a-partial{output}.png"])  # fmt: skip
def test_a_name_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path, template: str) -> None:
    with pytest.raises(UsageError, match="E003"):
        check(OutputFolder(tmp_path, template), "one")


@pytest.mark.parametrize("template", ["{output}", "{output}.JPG", "a/{output}.tiff", "{graph}.{run}.{ext}", "x.{ext}"])
def test_a_name_that_can_be_written_passes(tmp_path: Path, template: str) -> None:
    check(OutputFolder(tmp_path, template), "one")


# -- the walls of the folder -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ".", "", ".studio/x", "a/.studio/x"])
def test_no_file_leaves_the_folder_or_enters_the_records(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="E313"):
        OutputFolder(tmp_path / "out").resolve(name)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)

    with pytest.raises(RunError, match="E313"):
        OutputFolder(tmp_path / "out").resolve("link/x")


@pytest.mark.parametrize("target", ["nowhere", "other.png"])
def test_a_link_in_the_place_of_an_output_is_replaced_by_the_file(tmp_path: Path, target: str) -> None:
    (tmp_path / "other.png").write_text("other", encoding="utf-8")
    (tmp_path / "o.png").symlink_to(target)

    assert write(OutputFolder(tmp_path), IMAGE) == ["o.png"]

    assert not (tmp_path / "o.png").is_symlink()
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "other.png").read_text(encoding="utf-8") == "other"


def test_a_link_out_of_the_folder_in_the_place_of_an_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "o.png").symlink_to(tmp_path / "outside.png")

    with pytest.raises(RunError, match="E313"):
        write(OutputFolder(tmp_path / "out"), IMAGE)


@pytest.mark.parametrize(
    ("name", "hint"), [("x" * 300, "a shorter name with --filename-template"), ("a", "a folder has the name")]
)
def test_a_name_that_cannot_be_written_hints_at_the_name(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / "a.json").mkdir()

    with pytest.raises(RunError, match="E312") as caught:
        write(OutputFolder(tmp_path), 1, output=name)

    assert hint in caught.value.hint


@pytest.mark.parametrize("nested", [False, True])
def test_files_and_paths_are_written_by_name(tmp_path: Path, nested: bool) -> None:
    for name, value in {"file": File(tmp_path / "in.txt", "00", 3), "path": OutputPath(tmp_path / "p", "p")}.items():
        write(OutputFolder(tmp_path), [value] if nested else value, output=name)

    texts = [json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")) for name in ("file", "path")]
    assert texts == ([["in.txt"], ["p"]] if nested else ["in.txt", "p"])


def test_a_name_is_given_once_in_a_run_and_again_in_the_next(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path)
    folder.resolve("a/x")

    with pytest.raises(RunError, match="E314"):
        folder.resolve("a/../a/x")
    folder.begin()

    assert folder.resolve("a/x").path == tmp_path / "a" / "x"


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")

    with pytest.raises(RunError, match="E312") as made:
        OutputFolder(tmp_path / "out" / "x").begin()
    with pytest.raises(RunError, match="E312") as resolved:
        OutputFolder(tmp_path).resolve("out/x/y.png")

    assert all(f"{str(tmp_path / 'out')!r} is a file" in str(caught.value) for caught in (made, resolved))


def test_a_folder_with_a_name_too_long_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="E312") as caught:
        OutputFolder(tmp_path / ("x" * 300)).begin()

    assert "file name too long" in str(caught.value)


# -- what is written -------------------------------------------------------------------------------------------


def test_a_record_describes_the_bytes_that_were_written(tmp_path: Path) -> None:
    (record,) = OutputFolder(tmp_path).write(
        "o", "text \ud800", TypeSpec("text"), VALUE_TYPES, CarriedText({}), {"graph": "g", "run": "r"}
    )

    data = record.path.read_bytes()
    assert data == b"text \\ud800"
    assert (record.digest, record.size) == (blake3.blake3(data).hexdigest(), len(data))


def test_media_carry_their_output_and_their_place(tmp_path: Path) -> None:
    write(OutputFolder(tmp_path), [IMAGE, IMAGE])

    carried = [json.loads(VALUE_TYPES[Image].read_provenance(tmp_path / f"o_00{n}.png") or "") for n in (0, 1)]

    assert carried == [{"studio": 1, "output": "o", "index": n} for n in (0, 1)]


class Model3D:
    """A value of a plugin's type."""


class Failing(ValueType[Model3D]):
    """A value type whose files cannot be written."""

    name, python, extensions = "model3d", Model3D, ("obj",)

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def pack(self, value: Model3D) -> Any:
        raise NotImplementedError

    def unpack(self, packed: Any) -> Model3D:
        raise NotImplementedError

    def write_file(self, value: Model3D, path: Path, provenance: str | None) -> None:
        path.write_text("half", encoding="utf-8")
        if isinstance(self.error, MediaError):
            raise MediaError("E512", f"cannot write {path}", where=str(path))
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"), [(MediaError("E512", "no"), "E512"), (OSError(28, "No space left on device"), "E312")]
)
def test_an_output_that_cannot_be_written_names_itself_and_leaves_nothing(
    tmp_path: Path, error: Exception, code: str
) -> None:
    folder = OutputFolder(tmp_path)

    with pytest.raises(StudioError) as caught:
        folder.write(
            "shape",
            Model3D(),
            TypeSpec("model3d"),
            {Model3D: Failing(error)},
            CarriedText({}),
            {"graph": "g", "run": "r"},
        )

    assert caught.value.code == code
    assert caught.value.where == str(tmp_path / "shape.obj")
    assert "output 'shape'" in caught.value.message
    assert "partial" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_run_leaves_no_half_file(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path)

    with pytest.raises(KeyboardInterrupt):
        folder.write("o", Model3D(), TypeSpec("model3d"), {Model3D: Failing(KeyboardInterrupt())}, CarriedText({}),
                     {"graph": "g", "run": "r"})  # fmt: skip

    assert list(tmp_path.iterdir()) == []
