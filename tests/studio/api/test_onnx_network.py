"""ONNX networks opened and run by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import ModelError
from studio.api.onnx_network import OnnxEnd, OnnxNetwork, describe_onnx, find_onnx_file, open_onnx
from studio.errors import StudioWarning
from tests.onnx_files import write_affine, write_end, write_external_tensor, write_model, write_node, write_tensor

needs_onnxruntime = pytest.mark.usefixtures("onnxruntime")


@pytest.fixture
def onnxruntime() -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra studio[onnx]")


def write(folder: Path, content: bytes, name: str = "net.onnx") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def open_affine(folder: Path) -> OnnxNetwork:
    return open_onnx(write(folder, write_affine(3.0, 0.5)))


@needs_onnxruntime
def test_a_network_computes_what_its_operators_say(tmp_path: Path) -> None:
    network = open_affine(tmp_path)

    found = network.run({"x": np.float32([[1, 2], [3, 4]])})

    assert found["y"].tolist() == [[3.5, 6.5], [9.5, 12.5]]
    assert network.measure() == 8
    assert network.metadata == {"author": "a test"}


@needs_onnxruntime
def test_numbers_of_another_dtype_are_converted(tmp_path: Path) -> None:
    assert open_affine(tmp_path).run({"x": np.array([[1, 2]])})["y"].dtype == np.float32


@needs_onnxruntime
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"z": np.zeros((1, 2))}, "unknown input 'z'"),
        ({}, "the input 'x' is missing"),
        ({"x": np.zeros((1, 3))}, "the input 'x' is any x 2, not 1 x 3"),
        ({"x": np.zeros(2)}, "the input 'x' is any x 2, not 2"),
    ],
)
def test_inputs_that_do_not_fit_are_errors_by_name(tmp_path: Path, inputs: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ModelError, match="E632") as raised:
        open_affine(tmp_path).run(inputs)

    assert message in str(raised.value)


@needs_onnxruntime
def test_an_unknown_output_is_an_error_that_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as raised:
        open_affine(tmp_path).run({"x": np.zeros((1, 2))}, ["z"])

    assert "there are: y" in str(raised.value.hint)


@needs_onnxruntime
def test_a_value_from_inside_becomes_an_output(tmp_path: Path) -> None:
    path = write(tmp_path, write_affine(3.0, 0.5))

    network = open_onnx(path, expose={"scaled": OnnxEnd("scaled", "float32", None)})

    found = network.run({"x": np.float32([[1, 2]])})
    assert found["scaled"].tolist() == [[3.0, 6.0]]
    assert found["y"].tolist() == [[3.5, 6.5]]


@needs_onnxruntime
def test_external_data_is_read_from_the_folder_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "net.onnx.data").write_bytes(np.float32([10, 20]).tobytes())
    ends = [write_end("x", "float32", ("rows", 2))], [write_end("y", "float32", ("rows", 2))]
    content = write_model(
        [write_node("Add", ["x", "w"], ["y"])], *ends, [write_external_tensor("w", (2,), "net.onnx.data")]
    )

    network = open_onnx(write(tmp_path, content), folder=tmp_path)

    assert network.run({"x": np.float32([[1, 2]])})["y"].tolist() == [[11.0, 22.0]]


@needs_onnxruntime
def test_an_operator_that_onnx_does_not_have_is_one_clear_line(tmp_path: Path) -> None:
    ends = [write_end("x", "float32", ("rows", 2))], [write_end("y", "float32", ("rows", 2))]
    path = write(tmp_path, write_model([write_node("Nonsense", ["x"], ["y"])], *ends))

    with pytest.raises(ModelError, match="E631") as raised:
        open_onnx(path)

    assert "Nonsense" in str(raised.value)
    assert "\n" not in raised.value.message


@needs_onnxruntime
def test_a_network_that_needs_more_memory_than_there_is_runs_out_of_memory(tmp_path: Path) -> None:
    ends = [write_end("shape", "int64", (1,))], [write_end("y", "float32", ("n",))]
    network = open_onnx(write(tmp_path, write_model([write_node("ConstantOfShape", ["shape"], ["y"])], *ends)))

    with pytest.raises(MemoryError):
        network.run({"shape": np.int64([1 << 46])})


@needs_onnxruntime
def test_a_device_that_onnxruntime_does_not_know_is_a_warning_and_the_cpu(tmp_path: Path) -> None:
    path = write(tmp_path, write_affine())

    with pytest.warns(StudioWarning, match="run on the CPU"):
        network = open_onnx(path, device="mps")

    assert network.device == "cpu"


@needs_onnxruntime
def test_a_closed_network_does_not_run(tmp_path: Path) -> None:
    network = open_affine(tmp_path)
    network.close()

    with pytest.raises(ModelError, match="closed"):
        network.run({"x": np.zeros((1, 2))})


def test_without_onnxruntime_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.api.onnx_network.is_onnxruntime_installed", lambda: False)

    with pytest.raises(ModelError, match="E630") as raised:
        open_onnx(write(tmp_path, write_affine()))

    assert "studio[onnx]" in str(raised.value.hint)


def test_a_folder_has_its_only_file_or_model_onnx(tmp_path: Path) -> None:
    assert find_onnx_file(tmp_path) is None
    first = write(tmp_path, b"", "a.onnx")
    assert find_onnx_file(tmp_path) == first
    write(tmp_path, b"", "b.onnx")
    assert find_onnx_file(tmp_path) is None
    model = write(tmp_path, b"", "model.onnx")
    assert find_onnx_file(tmp_path) == model
    assert find_onnx_file(tmp_path, "b.onnx") == tmp_path / "b.onnx"


@pytest.mark.parametrize("name", ["../a.onnx", "c.onnx", "/a.onnx", "notes.txt"])
def test_a_file_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write(tmp_path, b"", "a.onnx")
    write(folder, b"", "b.onnx")
    (folder / "notes.txt").write_text("")

    with pytest.raises(ModelError, match="E631") as raised:
        find_onnx_file(folder, name)

    assert "there are: b.onnx" in str(raised.value.hint)


def test_a_network_is_described_without_onnxruntime(tmp_path: Path) -> None:
    tensor = write_tensor("w", np.zeros(3, np.float32))
    path = write(tmp_path, write_model([], [write_end("x", "int64", (1, "n"))], [], [tensor]))

    assert describe_onnx(path).inputs == (OnnxEnd("x", "int64", (1, None)),)
