"""`OnnxNetwork`: an ONNX model in memory, run by onnxruntime; and how one is opened.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api.memory import is_out_of_memory
from studio.api.onnx_file import (
    OnnxDescription,
    OnnxEnd,
    expose_values,
    follow_operators,
    inspect_onnx,
    read_onnx,
    refuse,
)
from studio.cores import count_threads
from studio.errors import ModelError, StudioWarning, find_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.generic]

__all__ = [
    "OnnxDescription",
    "OnnxEnd",
    "OnnxNetwork",
    "describe_onnx",
    "find_made_value",
    "find_onnx_file",
    "is_onnxruntime_installed",
    "open_onnx",
]

_MEMORY = ("failed to allocate", "bad_alloc", "bad allocation", "out of memory", "cuda_error_out_of_memory")
_FATAL_LEVEL = 4


class OnnxNetwork:
    """An ONNX model in memory, as `open_onnx` or `ctx.open` returns it. Several threads may run it at once.

    Args:
        session: The session of onnxruntime.
        description: What the file contains.
        path: The file, for messages.
        device: Where it runs, "cpu" or "cuda:0".

    Attributes:
        inputs: Its inputs.
        outputs: Its outputs.
        metadata: Texts that its author put into the file.
        device: Where it runs, "cpu" or "cuda:0".
    """

    def __init__(self, session: Any, description: OnnxDescription, path: Path, device: str) -> None:
        self._session, self._path = session, path
        self.inputs, self.outputs = description.inputs, description.outputs
        self.metadata: Mapping[str, str] = description.metadata
        self.device = device
        self._bytes = description.weight_bytes
        self._by_name = {end.name: end for end in self.inputs}

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        """Run the network once.

        Args:
            inputs: Arrays by the names of the inputs. Numbers are converted to the dtype that the network takes.
            outputs: Names of the outputs to compute; None for all.

        Returns:
            Arrays by the names of the outputs.

        Raises:
            ModelError: E632 for unknown, missing or misshapen inputs, unknown outputs, and a network that fails.
            MemoryError: Memory was not enough.
        """
        if self._session is None:
            raise ModelError("E632", f"{self._path.name!r} is closed", hint="run it inside `with ctx.open(model)`")
        wanted = [end.name for end in self.outputs] if outputs is None else list(outputs)
        self._check_names("output", wanted, [end.name for end in self.outputs])
        self._check_names("input", inputs, list(self._by_name))
        missing = [name for name in self._by_name if name not in inputs]
        if missing:
            raise self._fail(f"the input {missing[0]!r} is missing")
        feeds = {name: self._convert(self._by_name[name], value) for name, value in inputs.items()}
        try:
            found = self._session.run(wanted, feeds, self._create_run_options())
        except Exception as error:  # whatever onnxruntime raises
            raise _explain(error, self._path, "E632", "failed") from None
        return dict(zip(wanted, found, strict=True))

    def _create_run_options(self) -> Any:
        """Return options that give back the memory of a run when it ends."""
        options = importlib.import_module("onnxruntime").RunOptions()
        place = "cpu:0" if self.device == "cpu" else f"cpu:0;gpu:{self.device.partition(':')[2] or 0}"
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", place)
        return options

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return self._bytes

    def close(self) -> None:
        """Release the weights."""
        self._session = None

    def _check_names(self, what: str, names: Sequence[str] | Mapping[str, Any], known: Sequence[str]) -> None:
        unknown = [name for name in names if name not in known]
        if unknown:
            raise self._fail(f"unknown {what} {unknown[0]!r}", f"there are: {', '.join(known)}")

    def _convert(self, end: OnnxEnd, value: Array) -> Array:
        import numpy as np

        array = np.asarray(value)
        if end.dtype and end.dtype not in ("str", "bfloat16"):
            array = np.ascontiguousarray(array, np.dtype(end.dtype)).reshape(array.shape)
        fits = end.shape is None or (
            len(end.shape) == array.ndim
            and all(size is None or size == given for size, given in zip(end.shape, array.shape, strict=True))
        )
        if not fits:
            shape = " x ".join("any" if size is None else str(size) for size in end.shape or ()) or "a single number"
            given = " x ".join(map(str, array.shape)) or "a single number"
            raise self._fail(f"the input {end.name!r} is {shape}, not {given}")
        return array

    def _fail(self, message: str, hint: str = "see the network's inputs: studio models show MODEL") -> ModelError:
        return ModelError("E632", f"{self._path.name!r}: {message}", where=str(self._path), hint=hint)


def is_onnxruntime_installed() -> bool:
    """Say whether onnxruntime is installed; it is looked for, not imported."""
    return importlib.util.find_spec("onnxruntime") is not None


def find_onnx_file(path: Path, name: str | None = None) -> Path | None:
    """Return the ONNX file of a model: the file itself, the one that is named, or the only one of a folder.

    Args:
        path: A file or a folder.
        name: A path in the folder, such as "onnx/model_q8.onnx", from a load option; None for the only one.

    Returns:
        The file; None if there is none, or there are several.

    Raises:
        ModelError: E631 if the name leads out of the folder, or there is no such file.
    """
    if path.is_file():
        return path if path.suffix.lower() == ".onnx" else None
    if name is not None:
        file = (path / name).resolve()
        if not file.is_relative_to(path.resolve()) or file.suffix.lower() != ".onnx" or not file.is_file():
            listed = ", ".join(str(each.relative_to(path)) for each in sorted(path.rglob("*.onnx"))[:8])
            raise refuse(path, f"{name!r} is not an ONNX file in it", f"there are: {listed}")
        return path / name
    found = sorted([*path.glob("*.onnx"), *path.glob("onnx/*.onnx")])
    exact = [file for file in found if file.name == "model.onnx"]
    return exact[0] if exact else found[0] if len(found) == 1 else None


def describe_onnx(path: Path) -> OnnxDescription:
    """Return the inputs, outputs, operators and metadata of an ONNX file without loading it.

    Args:
        path: The file.

    Raises:
        ModelError: E631 if it is damaged or unsafe.
    """
    return inspect_onnx(read_onnx(path), path, path.parent)


def find_made_value(path: Path, name: str, operators: Sequence[str]) -> str | None:
    """Return the name of what a chain of operators makes of a value; `open_onnx` takes it in `expose`.

    Args:
        path: The file.
        name: A value, such as an input.
        operators: Names of operators that follow one another, such as ("Div", "Round").

    Returns:
        The name; None if these operators do not follow the value.

    Raises:
        ModelError: E631 if the file is damaged or unsafe.
    """
    content = read_onnx(path)
    inspect_onnx(content, path, path.parent)
    return follow_operators(content, name, operators)


def open_onnx(
    path: Path, *, device: str = "cpu", folder: Path | None = None, expose: Mapping[str, OnnxEnd] | None = None
) -> OnnxNetwork:
    """Open an ONNX file with onnxruntime, on the CPU or with CUDA, on as many threads as torch takes.

    Operators that bring code of their own, external data outside the folder, and tensors that the file does not hold
    are refused before anything is loaded.

    Args:
        path: The file.
        device: As torch writes it. Where onnxruntime does not know it, the network runs on the CPU, with a warning.
        folder: The folder of the model, in which external data may lie; None if the file is the whole model.
        expose: Values from inside the network to have as further outputs, by name.

    Raises:
        ModelError: E630 if onnxruntime is not installed, E631 if the file is damaged, unsafe or unsupported.
    """
    content = read_onnx(path)
    description = inspect_onnx(content, path, folder)
    if not is_onnxruntime_installed():
        raise ModelError(
            "E630",
            "ONNX models need the package 'onnxruntime'",
            hint='pip install "studio[onnx]"   (with CUDA: pip install onnxruntime-gpu)',
        )
    if expose:
        content = expose_values(content, expose)
        description.outputs += tuple(expose.values())
    runtime: Any = importlib.import_module("onnxruntime")
    providers, place = _choose_providers(runtime, device)
    try:
        session = runtime.InferenceSession(content, _create_options(runtime, path, place), providers=providers)
    except Exception as error:  # whatever onnxruntime raises
        raise _explain(error, path, "E631", "cannot be opened") from None
    return OnnxNetwork(session, description, path, place)


def _create_options(runtime: Any, path: Path, device: str) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = count_threads() if device == "cpu" else 1
    options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_mem_pattern = False  # it would keep a plan for every shape that comes by
    options.use_deterministic_compute = True
    options.log_severity_level = _FATAL_LEVEL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(path.parent))
    return options


def _choose_providers(runtime: Any, device: str) -> tuple[list[Any], str]:
    """Return the providers of onnxruntime for a device, and where the network will run."""
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return ["CPUExecutionProvider"], "cpu"
    if kind == "cuda" and "CUDAExecutionProvider" in runtime.get_available_providers():
        settings = {
            "device_id": int(index or 0),
            "arena_extend_strategy": "kSameAsRequested",
            "cudnn_conv_algo_search": "HEURISTIC",
            "use_tf32": 0,
        }
        return [("CUDAExecutionProvider", settings), "CPUExecutionProvider"], device
    warnings.warn(
        f"onnxruntime has no support for {device!r} here: ONNX models run on the CPU"
        + (" (pip install onnxruntime-gpu)" if kind == "cuda" else ""),
        StudioWarning,
        stacklevel=3,
    )
    return ["CPUExecutionProvider"], "cpu"


def _explain(error: Exception, path: Path, code: str, what: str) -> Exception:
    """Return the error that says which file is wrong; what means "out of memory" becomes a MemoryError."""
    text = " ".join(find_text(error).split())
    if is_out_of_memory(error) or any(phrase in text.lower() for phrase in _MEMORY):
        return MemoryError(f"out of memory in {path.name!r}: {text[:300]}")
    reason = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)[:400]
    return ModelError(code, f"{path.name!r} {what}: {reason}", where=str(path), hint="take another export of the model")
