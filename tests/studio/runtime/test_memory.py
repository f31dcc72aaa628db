"""Memory: how much there is here or in this container, sizes for people, and garbage that is released."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.runtime import memory
from studio.runtime.memory import find_ram_bytes, find_vram_bytes, release_memory, show_bytes


def test_the_memory_of_this_machine_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "missing")

    assert find_ram_bytes() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("text", "limited"), [("1048576\n", True), ("max\n", False), (str(2**62), False)])
def test_a_container_may_have_less(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, limited: bool) -> None:
    (tmp_path / "memory.max").write_text(text, encoding="utf-8")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "memory.max")

    assert (find_ram_bytes() == 2**20) is limited


def test_memory_that_no_system_call_tells_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "missing")
    monkeypatch.delattr(os, "sysconf")

    assert find_ram_bytes() is None


def fake_torch(*, cuda: bool = False, mps: bool = False) -> SimpleNamespace:
    """Return a torch that counts how often a cache of it is emptied."""
    torch = SimpleNamespace(emptied=[])
    torch.cuda = SimpleNamespace(
        is_available=lambda: cuda,
        is_initialized=lambda: cuda,
        empty_cache=lambda: torch.emptied.append("cuda"),
        get_device_properties=lambda device: SimpleNamespace(total_memory={"cuda:1": 8 * 2**30}[device]),
    )
    torch.backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps))
    torch.mps = SimpleNamespace(empty_cache=lambda: torch.emptied.append("mps"))
    return torch


def test_the_memory_of_a_gpu_is_known_once_torch_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert find_vram_bytes("cuda:1") is None

    monkeypatch.setitem(sys.modules, "torch", fake_torch(cuda=True))
    assert find_vram_bytes("cuda:1") == 8 * 2**30
    assert find_vram_bytes("cpu") is None

    monkeypatch.setitem(sys.modules, "torch", fake_torch())
    assert find_vram_bytes("cuda:1") is None


@pytest.mark.parametrize(("devices", "emptied"), [({"cuda": True}, ["cuda"]), ({"mps": True}, ["mps"]), ({}, [])])
def test_the_cache_of_the_device_that_there_is_is_emptied(
    monkeypatch: pytest.MonkeyPatch, devices: dict[str, bool], emptied: list[str]
) -> None:
    torch = fake_torch(**devices)
    monkeypatch.setitem(sys.modules, "torch", torch)

    release_memory()

    assert torch.emptied == emptied


def test_garbage_that_refers_to_itself_is_released() -> None:
    class Network:
        """Refers to itself, as modules of torch do."""

        def __init__(self) -> None:
            self.own = self

    gc.disable()
    try:
        alive = weakref.ref(Network())
        assert alive() is not None

        release_memory()

        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (2**20, "1.0 MiB"),
        (20 * 2**30, "20.0 GiB"),
        (3 * 2**40, "3.0 TiB"),
        (5000 * 2**40, "5000.0 TiB"),
    ],
)
def test_a_size_is_shown_in_the_unit_that_suits_it(size: int, shown: str) -> None:
    assert show_bytes(size) == shown
