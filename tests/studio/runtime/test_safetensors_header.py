"""The header of a safetensors file is checked before anything is loaded."""

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

from studio.errors import ModelError
from studio.runtime.safetensors_header import Header, hint_conversion, is_pickle, read_header


def get_problem(path: Path) -> ModelError:
    """Return what is wrong with a file."""
    with pytest.raises(ModelError) as caught:
        read_header(path)
    return caught.value


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
        ("shape", {"a": describe_tensor(0, 16, (5,))}, b"\0" * 16, None, "invalid entry"),
        ("negative", {"a": describe_tensor(0, 16, (-4,))}, b"\0" * 16, None, "invalid entry"),
        ("bools", {"a": describe_tensor(False, 16)}, b"\0" * 16, None, "invalid entry"),
        ("overlap", {"a": describe_tensor(), "b": describe_tensor()}, b"\0" * 16, None, "overlap"),
        ("more", {"a": describe_tensor()}, b"\0" * 20, None, "4 bytes behind"),
        ("long header", {"a": describe_tensor()}, b"\0" * 16, 5000, "inside its header"),
        ("huge header", {"a": describe_tensor()}, b"\0" * 16, 2**60, "header length"),
        ("no JSON", b"{nonsense", b"\0" * 16, None, "cannot be read"),
        ("deep", b"{" + b'"a":{' * 50_000, b"", None, "cannot be read"),
        ("no table", b'["a"]', b"", None, "not a safetensors file"),
        ("type", {"a": describe_tensor(dtype="Q7")}, b"\0" * 16, None, "unknown type 'Q7'"),
        ("no type", {"a": {**describe_tensor(), "dtype": ["F32"]}}, b"\0" * 16, None, "unknown type"),
        ("metadata", {"a": describe_tensor(), "__metadata__": {"n": 5}}, b"\0" * 16, None, "not text"),
        ("metadata list", {"a": describe_tensor(), "__metadata__": [1]}, b"\0" * 16, None, "not text"),
        ("row", {"a": 3}, b"\0" * 16, None, "invalid entry"),
    ],
)
def test_a_damaged_safetensors_file_is_told_before_anything_loads(
    tmp_path: Path, name: str, table: Any, data: bytes, length: int | None, word: str
) -> None:
    path = write_raw(tmp_path / "bad.safetensors", table, data, length)

    problem = get_problem(path)

    assert (problem.code, word in problem.message) == ("E605", True)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"abc", "not a safetensors file"),
        (b"<!DOCTYPE html><html>", "not a safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git-lfs"),
    ],
)
def test_what_is_no_safetensors_file_is_told(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)

    problem = get_problem(tmp_path / "bad.safetensors")

    assert (problem.code, word in problem.message) == ("E605", True)


def test_a_file_that_was_cut_off_is_told(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-3])

    assert "3 bytes after the end" in get_problem(weights).message


def test_the_check_agrees_with_the_library_of_the_format(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    path = write_raw(tmp_path / "good.safetensors", {"a": describe_tensor(), "__metadata__": {"format": "pt"}})

    assert list(load_file(path)) == ["a"]
    assert read_header(path).metadata == {"format": "pt"}


@pytest.mark.parametrize("start", [b"PK\x03\x04" + b"\0" * 60, pickle.dumps({"a": 1})])
def test_a_pickle_with_another_name_is_refused(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(start)

    assert get_problem(path).code == "E604"


def test_what_the_hint_says_converts_a_pickle(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "it's mine" / "pytorch_model.bin"
    path.parent.mkdir()
    torch.save({"a": torch.ones(3)}, path)
    command = hint_conversion(path).partition(": ")[2]

    words = shlex.split(command)
    subprocess.run([sys.executable, *words[1:]], check=True)

    assert read_header(path.parent / "model.safetensors").numbers == {"float32": 3}


def test_a_header_says_what_a_file_contains(tmp_path: Path) -> None:
    table = {
        "a": describe_tensor(0, 16, (2, 2)),
        "b": describe_tensor(16, 22, (3,), "BF16"),
        "c": describe_tensor(22, 27, (5,), "U8"),
        "d": describe_tensor(27, 30, (6,), "F4"),
        "e": describe_tensor(30, 30, (0, 7), "I64"),
        "f": describe_tensor(30, 34, (), "F32"),
        "__metadata__": {"format": "pt"},
    }

    found = read_header(write_raw(tmp_path / "x.safetensors", table, b"\0" * 34))

    numbers = {"float32": 5, "bfloat16": 3, "u8": 5, "f4": 6, "i64": 0}
    assert found == Header(6, numbers, bytes=34, floats=8, other_bytes=8, metadata={"format": "pt"})


def test_a_type_that_a_later_format_may_have_is_refused_as_no_installed_library_loads_it(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "x.safetensors", {"a": describe_tensor(0, 16, (3,), "F99")})

    problem = get_problem(path)

    assert (problem.code, "F8_E4M3" in problem.hint) == ("E605", True)


def test_a_gap_between_tensors_is_told(tmp_path: Path) -> None:
    table = {"b": describe_tensor(0, 4, (1,)), "a": describe_tensor(8, 16, (2,))}

    assert "at byte 4" in get_problem(write_raw(tmp_path / "x.safetensors", table)).message


@pytest.mark.parametrize("missing", ["dtype", "shape", "data_offsets"])
def test_an_entry_that_lacks_a_part_is_told(tmp_path: Path, missing: str) -> None:
    entry = describe_tensor()
    del entry[missing]

    assert "'a'" in get_problem(write_raw(tmp_path / "x.safetensors", {"a": entry})).message


@pytest.mark.parametrize("offsets", [[16, 0], [0], [0, 16, 17], [0.0, 16.0], "ab", None])
def test_offsets_that_are_no_span_are_told(tmp_path: Path, offsets: Any) -> None:
    entry = {**describe_tensor(), "data_offsets": offsets}

    assert "invalid entry" in get_problem(write_raw(tmp_path / "x.safetensors", {"a": entry})).message


@pytest.mark.parametrize(
    ("start", "pickled"),
    [
        (pickle.dumps([1], 2), True),
        (pickle.dumps([1], 5), True),
        (b"PK\x03\x04", True),
        (b"\x80\x02\0\0\0\0\0\0{", False),  # a header of 640 bytes begins so
        (b"\x80\x06abcdefgh", False),
        (b"GGUF", False),
        (b"\x80", False),
        (b"", False),
    ],
)
def test_a_pickle_is_known_by_its_first_bytes(start: bytes, pickled: bool) -> None:
    assert is_pickle(start) is pickled
