"""Devices: how they are written, and which one is taken."""

from __future__ import annotations

import subprocess
import sys

import pytest
from processes import create_environment

from studio.errors import UsageError
from studio.runtime import devices
from studio.runtime.devices import Device, find_device, parse_device


@pytest.mark.parametrize("device", ["auto", "cpu", "mps", "cuda", "cuda:3"])
def test_a_device_is_accepted_without_looking_for_it(device: str) -> None:
    assert parse_device(device) == (device, "auto")


@pytest.mark.parametrize(
    ("device", "dtype"), [("gpu", "auto"), ("cuda:", "auto"), ("", "auto"), ("cuda:-1", "auto"), ("cpu", "int8")]
)
def test_what_is_no_device_or_dtype_is_refused(device: str, dtype: str) -> None:
    with pytest.raises(UsageError, match="E002"):
        parse_device(device, dtype)


def test_the_cpu_computes_in_float32_unless_told_otherwise() -> None:
    assert find_device("cpu") == Device("cpu", "float32")
    assert find_device("cpu", "bfloat16").dtype == "bfloat16"


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "count_cuda", lambda: 2)

    assert find_device("cuda") == Device("cuda:0", "bfloat16")
    assert find_device("cuda:1").kind == "cuda"
    with pytest.raises(UsageError, match="cuda:2"):
        find_device("cuda:2")


def test_the_first_gpu_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "count_cuda", lambda: 1)
    assert find_device().name == "cuda:0"

    monkeypatch.setattr(devices, "count_cuda", lambda: 0)
    monkeypatch.setattr(devices, "_has_mps", lambda: False)
    assert find_device().name == "cpu"


@pytest.mark.parametrize(("visible", "count"), [("", 0), ("-1", 0), ("0", 1), ("0,1,2", 3), (None, 4)])
def test_the_environment_narrows_what_is_seen(monkeypatch: pytest.MonkeyPatch, visible: str | None, count: int) -> None:
    monkeypatch.setattr(devices, "_torch_build", lambda: "cu130")
    monkeypatch.setattr(devices, "read_visible_gpus", lambda: visible)
    monkeypatch.setattr(devices.Path, "glob", lambda self, pattern: iter(range(4)))

    assert devices.count_cuda() == count


def test_looking_for_devices_never_loads_torch() -> None:
    program = (
        "import sys; from studio.runtime.devices import find_device; find_device(); assert 'torch' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, env=create_environment()).returncode == 0


@pytest.mark.parametrize(("word", "dtype"), [("fp32", "float32"), ("fp16", "float16"), ("bf16", "bfloat16")])
def test_short_words_for_dtypes_mean_the_long_ones(word: str, dtype: str) -> None:
    assert parse_device("cpu", word) == ("cpu", dtype)
    assert find_device("cpu", word) == find_device("cpu", dtype) == Device("cpu", dtype)
