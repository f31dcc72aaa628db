"""How a plan reads files: digests, files that have changed, and the node types that read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from blake3 import blake3
from PIL import Image as Pictures

from studio.api import Context, File, Image, MediaError, MediaLimits, ValueType, node
from studio.api.builtin import create_builtin_value_types
from studio.app import InputFile, Studio
from studio.errors import RunError, StudioError
from studio.execution.file_reading import FileReader, UnreadFiles
from studio.graph.source import Collected, Constant, FileSource, NamedPath
from studio.testing import TestContext
from studio.testing.workspace import GivenPlugin


def digest_file(path: Path) -> File:
    content = path.read_bytes()
    return File(path, blake3(content).hexdigest(), len(content))


@pytest.fixture
def make_reader() -> Callable[..., FileReader]:
    """Make a reader of the builtin value types."""

    def make(settle: Callable[[Any], Any] = lambda value: value) -> FileReader:
        types = {value_type.name: value_type for value_type in create_builtin_value_types()}
        return FileReader(digest_file, settle, types, MediaLimits())

    return make


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A red picture."""
    path = tmp_path / "photo.png"
    Pictures.new("RGB", (3, 2), "red").save(path)
    return path


def test_a_file_has_the_digest_of_its_bytes(make_reader: Callable[..., FileReader], photo: Path) -> None:
    found = make_reader().find_file(FileSource(photo, "image", "photo.png"), None)

    assert (found.path, found.digest) == (photo, blake3(photo.read_bytes()).hexdigest())


def test_a_recorded_file_must_be_as_it_was_unless_a_caller_names_it(
    make_reader: Callable[..., FileReader], photo: Path
) -> None:
    reader, right = make_reader(), digest_file(photo).digest
    source = FileSource(photo, "image", "photo.png")

    assert reader.find_file(source, {"photo.png": right}).digest == right
    for digests, words in (({"photo.png": "0" * 64}, "has changed"), ({}, "does not say what was in it")):
        with pytest.raises(RunError, match=words) as error:
            reader.find_file(source, digests)
        assert error.value.code == "E311"
    by_caller = FileSource(photo, "image", "photo.png", by_caller=True)
    assert reader.find_file(by_caller, {"photo.png": "0" * 64}).digest == right


def test_a_recorded_file_that_is_gone_may_still_be_in_the_cache(
    make_reader: Callable[..., FileReader], tmp_path: Path
) -> None:
    gone = FileSource(tmp_path / "gone.png", "image", "gone.png")

    assert make_reader().find_file(gone, {"gone.png": "ab"}).digest == "ab"
    with pytest.raises(RunError, match="cannot be read") as error:
        make_reader().find_file(gone, None)
    assert error.value.code == "E129"


def test_a_source_is_prepared_in_lists_too(make_reader: Callable[..., FileReader], photo: Path) -> None:
    reader = make_reader(lambda value: f"stored {value}")
    source = Collected((Constant(1), FileSource(photo, "image", "p"), NamedPath("out.png")))

    prepared = reader.prepare_source(source, None)

    assert isinstance(prepared, Collected)
    one, file, path = prepared.entries
    assert (one, path) == (Constant("stored 1"), NamedPath("out.png"))
    assert isinstance(file, FileSource)
    assert file.file == digest_file(photo)


def test_the_node_type_of_a_value_type_reads_it(make_reader: Callable[..., FileReader], photo: Path) -> None:
    reader = make_reader()
    node_type = reader.make_node_type("image")

    image = node_type.function(TestContext(), digest_file(photo))

    assert reader.make_node_type("image") is node_type
    assert (node_type.id, list(node_type.outputs), node_type.lane) == ("studio.read_image", ["image"], "io")
    assert isinstance(image, Image)
    assert (image.width, image.height) == (3, 2)


def test_a_file_that_is_gone_when_it_is_read_is_an_error(make_reader: Callable[..., FileReader], photo: Path) -> None:
    file = digest_file(photo)
    photo.unlink()

    with pytest.raises(RunError, match="is not there") as error:
        make_reader().make_node_type("image").function(TestContext(), file)
    assert error.value.code == "E311"


def test_a_plan_that_is_only_looked_at_reads_no_file(tmp_path: Path) -> None:
    reader = UnreadFiles({}, MediaLimits())
    source = FileSource(tmp_path / "missing.png", "image", "missing.png")

    assert reader.find_file(source, {"missing.png": "ab"}) == File(tmp_path / "missing.png", "", 0)
    assert reader.prepare_source(source, None).file == File(tmp_path / "missing.png", "", 0)


class Note:
    """A pitch."""

    studio_type: ClassVar[str] = "note"

    def __init__(self, pitch: int) -> None:
        self.pitch = pitch


class NoteType(ValueType[Note]):
    """Notes as a number in a file."""

    name, python, extensions = "note", Note, ("note",)

    def read_file(self, path: Path, limits: MediaLimits) -> Note:
        text = path.read_text(encoding="utf-8")
        if text == "none":
            return None  # type: ignore[return-value]
        if text == "unsupported":
            raise MediaError("E511", "another format", where=str(path), hint="save it again")
        return Note(int(text))

    def check(self, value: Note) -> None:
        if value.pitch < 0:
            raise MediaError("E510", "a pitch below 0")


@pytest.mark.parametrize(
    ("text", "code", "words", "hint"),
    [
        (
            "x",
            "E511",
            "no valid note: read_file of value type 'note' (",
            "give a valid file; if it is one, report it to ",
        ),
        ("-1", "E510", "a pitch below 0", ""),
        ("unsupported", "E511", "another format", "save it again"),
        ("none", "E315", "read_file of value type 'note' (", "report it to the authors of "),
    ],
)
def test_an_invalid_file_is_named_and_its_reader_is_not_blamed(
    tmp_path: Path, text: str, code: str, words: str, hint: str
) -> None:
    path = tmp_path / "bad.note"
    path.write_text(text)
    reader = FileReader(digest_file, lambda value: value, {"note": NoteType()}, MediaLimits())

    with pytest.raises(StudioError) as caught:
        reader.make_node_type("note").function(TestContext(), digest_file(path))

    error = caught.value
    assert (error.code, error.message[: len(words)], error.hint[: len(hint)]) == (code, words, hint)
    assert error.where == ("" if code == "E315" else str(path))


@pytest.mark.parametrize("given", [{"p": InputFile(Path("bad.note"))}, {}])
def test_the_error_of_an_invalid_file_names_the_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.note").write_text("-1")
    own = {"from": "inputs.p"} if given else {"file": "bad.note"}
    graph = {
        "studio": 1,
        "inputs": {"p": {"type": "note"}} if given else {},
        "nodes": {"a": {"type": "notes.transpose", "inputs": {"note": own}}},
        "outputs": {"o": {"from": "a"}},
    }

    @node("notes.transpose")
    def transpose(ctx: Context, note: Note) -> int:
        """Transpose."""
        return note.pitch

    with Studio(on_disk=False, discover=False, plugins=[("notes", GivenPlugin([transpose], [NoteType()]))]) as studio:
        (error,) = studio.run(graph, given).errors

    place = "input 'p' of the graph" if given else "input 'note' of node 'a'"
    assert error.code == "E510"
    assert f"for {place}: {tmp_path / 'bad.note'}: a pitch below 0" in error.message
