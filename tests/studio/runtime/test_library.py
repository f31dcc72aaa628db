"""Weights on disk: found by reference, hashed by content, refused when they are unsafe, damaged or none."""

from __future__ import annotations

import json
import pickle
import shlex
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_models import write_pipeline, write_weights

from studio.api import Model
from studio.cache.digest import hash_file
from studio.errors import ModelError
from studio.runtime.library import Library
from studio.runtime.weights import write_digest_list


def create_library(folder: Path, **builtin: Path) -> Library:
    """Return a library that remembers in a folder."""
    return Library(builtin, lambda path: hash_file(path).hex(), folder=folder / "models")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of weights."""
    return write_weights(tmp_path / "net.safetensors")


@pytest.fixture
def library(tmp_path: Path, weights: Path) -> Library:
    """A library with one model in the box."""
    return create_library(tmp_path, net=weights)


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A folder in diffusers format."""
    return write_pipeline(tmp_path / "pipe", unet=1, vae=2)


def refer(path: Path, **options: Any) -> Model:
    """Return a reference to a path."""
    return Model(f"file:{path}", tuple(options.items()))


def get_problem(library: Library, model: Model) -> ModelError:
    """Return what is wrong with a model."""
    with pytest.raises(ModelError) as caught:
        library.find_path(model)
    return caught.value


# -- references --------------------------------------------------------------------------------------


def test_weights_are_found_by_name_and_by_path(library: Library, weights: Path) -> None:
    assert library.find_path(Model("builtin:net")) == library.find_path(refer(weights)) == weights


def test_a_path_may_begin_at_home(library: Library, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(weights.parent))

    assert library.find_path(Model("file:~/net.safetensors")) == weights


@pytest.mark.parametrize(
    ("reference", "word"),
    [
        ("builtin:other", "builtin:net"),
        ("file:/nowhere/x.safetensors", "check the path"),
        ("file:a\0b", "check the path"),
        ("local:other", "studio models add other PATH"),
        ("hub:a/b@v1", "studio models pull hub:a/b@v1"),
        ("hub:a/b@../../../etc", "studio models pull"),
    ],
)
def test_weights_that_are_not_there_are_told_with_what_to_type(library: Library, reference: str, word: str) -> None:
    problem = get_problem(library, Model(reference))

    assert problem.code == "E602"
    assert word in problem.hint


def test_a_name_that_was_added_leads_to_the_weights(library: Library, pipeline: Path, tmp_path: Path) -> None:
    assert library.add("mine", pipeline) == Model("local:mine")

    again = create_library(tmp_path)
    assert again.find_path(Model("local:mine")) == pipeline
    assert again.digest(Model("local:mine")) == library.digest(refer(pipeline))


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b"])
def test_what_is_no_name_is_refused(library: Library, weights: Path, name: str) -> None:
    with pytest.raises(ModelError, match="E609"):
        library.add(name, weights)


def test_a_name_is_given_once(library: Library, weights: Path) -> None:
    library.add("mine", weights)

    with pytest.raises(ModelError, match=r"E609.*already"):
        library.add("mine", weights)


def test_what_is_no_weights_cannot_be_added(library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ModelError, match=r"E605.*no weights"):
        library.add("mine", tmp_path / "empty")


def test_removing_a_name_leaves_the_files(library: Library, weights: Path) -> None:
    library.add("mine", weights)

    assert library.remove(Model("local:mine")) == 0
    assert weights.exists()
    assert get_problem(library, Model("local:mine")).code == "E602"


@pytest.mark.parametrize("reference", ["builtin:net", "file:x"])
def test_what_is_not_studios_is_not_removed(library: Library, weights: Path, reference: str) -> None:
    with pytest.raises(ModelError, match="E609"):
        library.remove(Model(reference))
    assert weights.exists()


# -- content hashes ----------------------------------------------------------------------------------


def test_the_digest_is_of_the_content(library: Library, weights: Path) -> None:
    before = library.digest(Model("builtin:net"))
    write_weights(weights, 2.0)

    assert before != library.digest(Model("builtin:net"))


def test_the_digest_of_a_folder_is_of_names_and_contents(library: Library, pipeline: Path) -> None:
    digests = [library.digest(refer(pipeline))]
    (pipeline / "vae" / "model.safetensors").rename(pipeline / "vae" / "other.safetensors")
    digests.append(library.digest(refer(pipeline)))
    write_weights(pipeline / "vae" / "other.safetensors", 9)
    digests.append(library.digest(refer(pipeline)))
    (pipeline / "vae" / "config.json").write_text("{}")
    digests.append(library.digest(refer(pipeline)))

    assert len(set(digests)) == 4


def test_what_changes_no_result_does_not_count(library: Library, pipeline: Path, tmp_path: Path) -> None:
    before = library.digest(refer(pipeline))
    for name in ("README.md", "LICENSE.txt", "sample.png", ".cache/x.json", ".hidden", "run.py", "vae/old.bin"):
        (pipeline / name).parent.mkdir(exist_ok=True)
        (pipeline / name).write_bytes(b"x")
    moved = pipeline.rename(tmp_path / "moved")

    assert library.digest(refer(moved)) == before


def test_weights_that_load_options_name_count_by_content(library: Library, weights: Path, tmp_path: Path) -> None:
    base = write_weights(tmp_path / "base.safetensors", 1)
    digests = {library.digest(refer(weights)), library.digest(refer(weights, base=f"file:{base}"))}
    write_weights(base, 2)
    digests.add(library.digest(refer(weights, base=f"file:{base}")))

    assert len(digests) == 3


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path, pipeline: Path) -> None:
    import os

    read: list[Path] = []

    def digest_file(path: Path) -> str:
        read.append(path)
        return hash_file(path).hex()

    library = Library({}, digest_file)
    for file in pipeline.rglob("*.*"):
        os.utime(file, (1e9, 1e9))
    library.digest(refer(pipeline))
    count = len(read)
    library.digest(refer(pipeline))

    assert len(read) == count
    write_weights(pipeline / "vae" / "model.safetensors", 3)
    library.digest(refer(pipeline))
    assert len(read) > count


# -- links -------------------------------------------------------------------------------------------


def test_a_folder_that_is_linked_into_a_model_counts(library: Library, pipeline: Path, tmp_path: Path) -> None:
    (pipeline / "vae").rename(tmp_path / "shared")
    (pipeline / "vae").symlink_to(tmp_path / "shared")
    before = library.digest(refer(pipeline))

    write_weights(tmp_path / "shared" / "model.safetensors", 9)

    assert library.digest(refer(pipeline)) != before


def test_a_link_to_a_file_of_another_kind_is_refused(library: Library, pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("{}")
    (pipeline / "vae" / "config.json").unlink()
    (pipeline / "vae" / "config.json").symlink_to(tmp_path / "secret")

    problem = get_problem(library, refer(pipeline))

    assert (problem.code, "vae/config.json" in problem.message) == ("E605", True)


def test_links_in_a_circle_end(library: Library, pipeline: Path) -> None:
    (pipeline / "vae" / "again").symlink_to(pipeline)

    assert library.digest(refer(pipeline))


# -- pickles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".PKL"])
def test_a_pickle_is_refused_with_how_to_convert_it(library: Library, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    path.write_bytes(b"x")

    problem = get_problem(library, refer(path))

    assert problem.code == "E604"
    assert "python -c" in problem.hint


@pytest.mark.parametrize("start", [b"PK\x03\x04" + b"\0" * 60, pickle.dumps({"a": 1})])
def test_a_pickle_with_another_name_is_refused(library: Library, tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(start)

    assert get_problem(library, refer(path)).code == "E604"


def test_what_the_hint_says_converts_a_pickle(library: Library, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "it's mine" / "pytorch_model.bin"
    path.parent.mkdir()
    torch.save({"a": torch.ones(3)}, path)
    command = get_problem(library, refer(path)).hint.partition(": ")[2]

    words = shlex.split(command)
    subprocess.run([sys.executable, *words[1:]], check=True)

    assert library.describe(refer(path.parent / "model.safetensors")).components[0].numbers == {"float32": 3}


def test_a_folder_with_pickles_alone_is_refused(library: Library, pipeline: Path) -> None:
    for file in pipeline.rglob("*.safetensors"):
        file.rename(file.with_suffix(".bin"))

    assert get_problem(library, refer(pipeline)).code == "E604"


def test_a_component_with_a_pickle_alone_is_refused(library: Library, pipeline: Path) -> None:
    file = pipeline / "vae" / "model.safetensors"
    file.rename(file.with_suffix(".bin"))

    problem = get_problem(library, refer(pipeline))

    assert (problem.code, str(pipeline / "vae") in problem.where) == ("E604", True)


def test_a_pickle_beside_safetensors_is_left_alone(library: Library, pipeline: Path) -> None:
    (pipeline / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"x")

    assert library.find_path(refer(pipeline)) == pipeline


# -- damage ------------------------------------------------------------------------------------------


def write_raw(path: Path, table: Any, data: bytes = b"\0" * 16, length: int | None = None) -> Path:
    """Write a safetensors file by hand."""
    header = table if isinstance(table, bytes) else json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)
    return path


def describe_tensor(begin: int = 0, end: int = 16, shape: Any = (4,), dtype: str = "F32") -> dict[str, Any]:
    """Return a tensor's row of a header."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("name", "table", "data", "length", "word"),
    [
        ("behind the end", {"a": describe_tensor(0, 32, (8,))}, b"\0" * 16, None, "cut off"),
        ("shape", {"a": describe_tensor(0, 16, (5,))}, b"\0" * 16, None, "cannot be"),
        ("negative", {"a": describe_tensor(0, 16, (-4,))}, b"\0" * 16, None, "cannot be"),
        ("bools", {"a": describe_tensor(False, 16)}, b"\0" * 16, None, "cannot be"),
        ("overlap", {"a": describe_tensor(), "b": describe_tensor()}, b"\0" * 16, None, "overlap"),
        ("more", {"a": describe_tensor()}, b"\0" * 20, None, "4 bytes behind"),
        ("long header", {"a": describe_tensor()}, b"\0" * 16, 5000, "inside its header"),
        ("huge header", {"a": describe_tensor()}, b"\0" * 16, 2**60, "header has"),
        ("no JSON", b"{nonsense", b"\0" * 16, None, "cannot be read"),
        ("deep", b"{" + b'"a":{' * 50_000, b"", None, "cannot be read"),
        ("no table", b'["a"]', b"", None, "no safetensors file"),
        ("row", {"a": 3}, b"\0" * 16, None, "cannot be"),
    ],
)
def test_a_damaged_safetensors_file_is_told_before_anything_loads(
    library: Library, tmp_path: Path, name: str, table: Any, data: bytes, length: int | None, word: str
) -> None:
    path = write_raw(tmp_path / "bad.safetensors", table, data, length)

    problem = get_problem(library, refer(path))

    assert (problem.code, word in problem.message) == ("E605", True)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"abc", "no safetensors file"),
        (b"<!DOCTYPE html><html>", "no safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git-lfs"),
    ],
)
def test_what_is_no_safetensors_file_is_told(library: Library, tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)

    problem = get_problem(library, refer(tmp_path / "bad.safetensors"))

    assert (problem.code, word in problem.message) == ("E605", True)


def test_a_file_that_was_cut_off_is_told(library: Library, weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-3])

    assert "3 bytes behind the end" in get_problem(library, refer(weights)).message


def test_the_check_agrees_with_the_library_of_the_format(library: Library, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    path = write_raw(tmp_path / "good.safetensors", {"a": describe_tensor(), "__metadata__": {"format": "pt"}})

    assert list(load_file(path)) == ["a"]
    assert library.find_path(refer(path)) == path


@pytest.mark.parametrize(("content", "good"), [(b"GGUF" + b"\0" * 20, True), (b"GGUF", False), (b"abc" * 20, False)])
def test_a_gguf_file_is_known_by_its_beginning(library: Library, tmp_path: Path, content: bytes, good: bool) -> None:
    path = tmp_path / "net.gguf"
    path.write_bytes(content)

    if good:
        assert library.find_path(refer(path)) == path
    else:
        assert get_problem(library, refer(path)).code == "E605"


@pytest.mark.parametrize("missing", ["vae", "vae/model.safetensors"])
def test_a_folder_that_is_not_whole_is_told(library: Library, pipeline: Path, missing: str) -> None:
    import shutil

    path = pipeline / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    problem = get_problem(library, refer(pipeline))

    assert (problem.code, "'vae'" in problem.message) == ("E605", True)


def test_a_missing_shard_is_told(library: Library, pipeline: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model.safetensors"}}
    (pipeline / "vae" / "model.safetensors.index.json").write_text(json.dumps(index))

    assert "'model-00001-of-00002.safetensors' is missing" in get_problem(library, refer(pipeline)).message


def test_an_index_that_is_no_json_is_told(library: Library, pipeline: Path) -> None:
    (pipeline / "model_index.json").write_text("{")

    assert get_problem(library, refer(pipeline)).code == "E605"


def test_a_folder_of_anything_is_no_model(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.runtime import weights as module

    monkeypatch.setattr(module, "_MAX_FILES", 3)
    (tmp_path / "many").mkdir()
    for index in range(5):
        (tmp_path / "many" / f"{index}.json").write_text("{}")

    assert "more than 3 files" in get_problem(library, refer(tmp_path / "many")).message


# -- looking after -----------------------------------------------------------------------------------


def test_a_model_is_described_without_loading_it(library: Library, pipeline: Path) -> None:
    (pipeline / "README.md").write_text("---\ntags: [x]\nlicense: apache-2.0\n---\n# Card")

    told = library.describe(refer(pipeline))

    assert (told.kind, told.licence) == ("FakePipeline", "apache-2.0")
    assert {c.name: (c.kind, dict(c.numbers)) for c in told.components} == {
        "unet": ("FakeUnet", {"float32": 4}),
        "vae": ("FakeVae", {"float32": 4}),
    }
    assert told.digest == library.digest(refer(pipeline))


def test_every_kind_is_listed_also_what_is_broken(library: Library, weights: Path, tmp_path: Path) -> None:
    other = write_weights(tmp_path / "other.safetensors")
    library.add("gone", other)
    other.unlink()

    rows = {row.reference: row for row in library.list_models()}

    assert rows["builtin:net"].bytes == weights.stat().st_size
    assert rows["local:gone"].problem.startswith("E602")
    assert rows["local:gone"].path == str(other)


def test_verifying_reads_the_bytes_again_whatever_the_clock_says(library: Library, weights: Path) -> None:
    import os

    model = library.add("mine", weights)
    status = weights.stat()
    library.digest(model)
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert library.verify(model).status == "changed"
    assert library.verify(model, accept=True).status == "recorded"
    assert library.verify(model).status == "good"


def test_what_was_never_verified_is_recorded(library: Library) -> None:
    assert [library.verify(Model("builtin:net")).status for _ in range(2)] == ["recorded", "good"]


def test_weights_that_ship_are_compared_with_what_ships(tmp_path: Path, library: Library, weights: Path) -> None:
    write_digest_list(weights)

    assert library.verify(Model("builtin:net")).status == "good"

    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    verdict = library.verify(Model("builtin:net"))

    assert (verdict.status, verdict.files) == ("changed", [weights.name])


def test_new_weights_that_ship_after_an_upgrade_are_good(library: Library, weights: Path) -> None:
    write_digest_list(weights)
    library.verify(Model("builtin:net"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    write_digest_list(weights)

    assert library.verify(Model("builtin:net")).status == "good"


def test_a_damaged_list_of_digests_is_told(library: Library, weights: Path) -> None:
    write_digest_list(weights).write_text("hello  world\n")

    with pytest.raises(ModelError, match="holds no digests"):
        library.verify(Model("builtin:net"))


def test_an_unknown_name_suggests_those_that_are_near(library: Library) -> None:
    with pytest.raises(ModelError) as caught:
        library.find_path(Model("builtin:nett"))

    assert caught.value.hint == "did you mean builtin:net?"
