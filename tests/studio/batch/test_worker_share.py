"""What workers of one machine share: cores, memory, GPUs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.app import read_settings
from studio.batch.worker_share import create_environments, share_machine


def test_workers_share_the_cores_and_have_a_gpu_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)

    made = create_environments(3, 8, ["0", "5"])

    assert [row["CUDA_VISIBLE_DEVICES"] for row in made] == ["0", "5", "0"]
    assert {row["OMP_NUM_THREADS"] for row in made} == {"2"}
    assert {row["OMP_WAIT_POLICY"] for row in made} == {"passive"}


def test_two_workers_have_one_gpu_each_and_share_the_only_one() -> None:
    assert [row["CUDA_VISIBLE_DEVICES"] for row in create_environments(2, 8, ["0", "1"])] == ["0", "1"]
    assert all("CUDA_VISIBLE_DEVICES" not in row for row in create_environments(2, 8, ["0"]))


def test_one_worker_has_all_cores_and_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert "OMP_NUM_THREADS" not in create_environments(1, 8, ["0", "1"])[0]
    assert "CUDA_VISIBLE_DEVICES" not in create_environments(1, 8, ["0", "1"])[0]

    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert create_environments(4, 8, [])[0]["OMP_NUM_THREADS"] == "7"


def test_workers_share_memory_and_threads() -> None:
    settings = replace(read_settings(), memory_bytes=900, ram_bytes=90, workers=6)

    share = share_machine(settings, 3)

    assert (share.settings["memory_bytes"], share.settings["ram_bytes"], share.settings["workers"]) == (300, 30, 2)
    assert len(share.environments) == 3


@pytest.mark.parametrize(("workers", "expected"), [(1, 900), (2, 900), (3, 450), (5, 300)])
def test_workers_with_the_same_gpu_share_its_memory(
    monkeypatch: pytest.MonkeyPatch, workers: int, expected: int
) -> None:
    monkeypatch.setattr("studio.batch.worker_share.find_gpus", lambda device: ["0", "1"])

    share = share_machine(replace(read_settings(), vram_bytes=900), workers)

    assert share.settings["vram_bytes"] == expected
    assert share_machine(replace(read_settings(), vram_bytes=None), workers).settings["vram_bytes"] is None
