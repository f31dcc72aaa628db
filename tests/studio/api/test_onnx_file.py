"""What is read from ONNX files, and which are refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from studio.api import ModelError
from studio.api.onnx_file import OnnxDescription, OnnxEnd, inspect_onnx
from studio.api.protobuf_fields import write_field
from tests.onnx_files import (
    write_affine,
    write_end,
    write_external_tensor,
    write_int,
    write_model,
    write_node,
    write_tensor,
)

X = [write_end("x", "float32", ("rows", 2))]
Y = [write_end("y", "float32", ("rows", 2))]


def inspect(content: bytes, folder: Path | None = None) -> OnnxDescription:
    path = (folder or Path("/nowhere")) / "net.onnx"
    return inspect_onnx(content, path, folder)


def find_refusal(content: bytes, folder: Path | None = None) -> str:
    with pytest.raises(ModelError) as raised:
        inspect(content, folder)
    assert raised.value.code == "E631"
    return f"{raised.value} {raised.value.hint}"


def test_a_network_is_described_by_its_ends_weights_and_texts() -> None:
    found = inspect(write_affine())

    assert found.inputs == (OnnxEnd("x", "float32", (None, 2)),)
    assert found.outputs == (OnnxEnd("y", "float32", (None, 2)),)
    assert found.operators == {"Mul": 1, "Add": 1}
    assert found.metadata == {"author": "a test"}
    assert found.weight_bytes == 8


def test_an_operator_of_another_library_is_refused_by_name() -> None:
    message = find_refusal(write_model([write_node("Decode", ["x"], ["y"], "com.evil")], X, Y))

    assert "com.evil.Decode" in message
    assert "standard operators" in message


def test_an_operator_hidden_in_a_branch_is_refused_too() -> None:
    branch = write_field(1, write_node("Decode", ["x"], ["y"], "com.evil"))
    attribute = write_field(5, write_field(1, b"then_branch") + write_field(6, branch) + write_int(20, 5))

    assert "com.evil.Decode" in find_refusal(write_model([write_node("If", ["c"], ["y"], attributes=attribute)], X, Y))


def test_a_context_of_another_device_is_refused() -> None:
    assert "EPContext" in find_refusal(write_model([write_node("EPContext", ["x"], ["y"], "com.microsoft")], X, Y))


def test_a_function_that_the_file_defines_is_an_operator_like_others() -> None:
    function = (
        write_field(1, b"Twice") + write_field(10, b"mine") + write_field(7, write_node("Add", ["a", "a"], ["b"]))
    )

    found = inspect(write_model([write_node("Twice", ["x"], ["y"], "mine")], X, Y, more=write_field(25, function)))

    assert found.operators == {"Add": 1, "mine.Twice": 1}


@pytest.mark.parametrize("dims", [(2**40,), (2**31, 2**31, 2**31), (3,)])
def test_a_tensor_that_the_file_does_not_hold_is_refused(dims: tuple[int, ...]) -> None:
    tensor = write_tensor("w", np.zeros(2, np.float32), dims)

    assert "'w' needs" in find_refusal(write_model([write_node("Add", ["x", "w"], ["y"])], X, Y, [tensor]))


def test_a_tensor_of_negative_size_is_damage() -> None:
    tensor = write_tensor("w", np.zeros(2, np.float32), (2**64 - 1,))

    assert "damaged" in find_refusal(write_model([write_node("Add", ["x", "w"], ["y"])], X, Y, [tensor]))


@pytest.mark.parametrize(("operator", "inputs"), [("ConstantOfShape", ["shape"]), ("Expand", ["x", "shape"])])
def test_a_giant_tensor_made_of_constants_is_refused(operator: str, inputs: list[str]) -> None:
    shape = write_tensor("shape", np.int64([1 << 20, 1 << 20]))

    message = find_refusal(write_model([write_node(operator, inputs, ["y"])], X, Y, [shape]))

    assert str(1 << 40) in message


def test_a_giant_shape_in_a_constant_node_is_refused() -> None:
    value = write_field(5, write_field(1, b"value") + write_field(5, write_tensor("", np.int64([1 << 40]))))
    nodes = [write_node("Constant", [], ["shape"], attributes=value), write_node("ConstantOfShape", ["shape"], ["y"])]

    assert str(1 << 40) in find_refusal(write_model(nodes, X, Y))


def test_external_data_in_the_folder_is_found_and_counted(tmp_path: Path) -> None:
    (tmp_path / "net.onnx.data").write_bytes(bytes(64))
    tensor = write_external_tensor("w", (2, 4), "net.onnx.data", 32)

    found = inspect(write_model([write_node("Add", ["x", "w"], ["y"])], X, Y, [tensor]), tmp_path)

    assert found.external == {"net.onnx.data": tmp_path / "net.onnx.data"}
    assert found.weight_bytes == 32


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "link", "", "missing", "a\0b"])
def test_external_data_outside_the_folder_is_refused(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(64))
    (folder / "link").symlink_to(tmp_path / "secret")
    tensor = write_external_tensor("w", (2,), location)

    assert "not a file in its folder" in find_refusal(write_model([], X, Y, [tensor]), folder)


def test_external_data_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx.data").write_bytes(bytes(8))
    tensor = write_external_tensor("w", (4,), "net.onnx.data")

    assert "needs 16 bytes" in find_refusal(write_model([], X, Y, [tensor]), tmp_path)


def test_external_data_that_no_fingerprint_would_count_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(64))
    tensor = write_external_tensor("w", (4,), "weights.bin")

    assert "NAME.onnx.data" in find_refusal(write_model([], X, Y, [tensor]), tmp_path)


def test_a_single_file_with_external_data_names_the_folder_to_give() -> None:
    tensor = write_external_tensor("w", (4,), "net.onnx.data")

    assert "file:/nowhere" in find_refusal(write_model([], X, Y, [tensor]))


def test_a_file_cut_anywhere_is_refused_or_read_and_nothing_else() -> None:
    content = write_affine()

    refused = 0
    for size in range(len(content)):
        with contextlib.suppress(ModelError):
            inspect(content[:size])
            continue
        refused += 1

    assert refused > 0.9 * len(content)


def test_graphs_nested_without_end_are_damage() -> None:
    graph = b""
    for _ in range(200):
        attribute = write_field(5, write_field(1, b"body") + write_field(6, graph))
        graph = write_field(1, write_node("Loop", [], [], attributes=attribute))

    assert "nested" in find_refusal(write_field(7, graph))


def test_what_is_no_onnx_file_is_refused() -> None:
    assert "damaged" in find_refusal(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "no graph" in find_refusal(b"")
