"""Telling that memory ran out from other errors."""

from __future__ import annotations

import pytest
from fake_models import OutOfMemoryError

from studio.api import is_out_of_memory


class _ArrayMemoryError(MemoryError):
    """As numpy has one."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        _ArrayMemoryError("Unable to allocate 1 TiB"),
        OutOfMemoryError("CUDA out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_every_way_of_running_out_is_known(error: BaseException) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [None, RuntimeError("shapes differ"), ValueError("out of memory"), KeyError("a")])
def test_other_errors_are_others(error: BaseException | None) -> None:
    assert not is_out_of_memory(error)


def test_torchs_own_error_is_known() -> None:
    torch = pytest.importorskip("torch")

    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50, dtype=torch.float64)
    assert is_out_of_memory(caught.value)


def test_opencvs_error_is_known_by_its_words() -> None:
    cv2 = pytest.importorskip("cv2")
    words = "OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 17182490724 bytes"

    assert is_out_of_memory(cv2.error(words))
    assert not is_out_of_memory(cv2.error("OpenCV(5.0.0) error: (-215:Assertion failed) !ssize.empty()"))
