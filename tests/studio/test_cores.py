"""How many cores a process may use, where affinity or a control group leaves fewer than the machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.batch.worker_share import create_environments
from studio.cores import count_cores, find_asked_threads, read_quota, share_cores


def write_quota_1(group: str, quota: int) -> dict[str, str]:
    """Return the files of a group of version 1."""
    return {f"{group}/cpu.cfs_quota_us": f"{quota}\n", f"{group}/cpu.cfs_period_us": "100000\n"}


def write_groups(place: Path, membership: str, files: dict[str, str]) -> tuple[Path, Path]:
    """Write the files of control groups; return what says the process's groups, and the mount."""
    (place / "cgroup").write_text(membership, encoding="utf-8")
    for name, text in files.items():
        (place / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "mount" / name).write_text(text, encoding="utf-8")
    return place / "cgroup", place / "mount"


@pytest.mark.parametrize(
    ("membership", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/a/b\n", {"a/cpu.max": "200000 100000\n", "a/b/cpu.max": "max 100000\n"}, 2.0),
        ("0::/a/b\n", {"a/cpu.max": "200000 100000\n", "a/b/cpu.max": "50000 100000\n"}, 0.5),
        ("4:cpu,cpuacct:/x\n", write_quota_1("cpu,cpuacct/x", 300000), 3.0),
        ("4:cpu,cpuacct:/docker/gone\n", write_quota_1("cpu", 100000), 1.0),
        ("4:cpu:/\n", write_quota_1("cpu", -1), None),
        ("0::/../../other\n", {"other/cpu.max": "100000 50000"}, 2.0),
        ("0::/\n", {"cpu.max": "junk"}, None),
        ("0::/\n", {"cpu.max": "0 0"}, None),
        ("junk\n", {"cpu.max": "100000 100000"}, None),
        ("", {}, None),
    ],
)  # fmt: skip
def test_quotas_of_both_versions_count_for_a_group_and_those_around_it(
    tmp_path: Path, membership: str, files: dict[str, str], quota: float | None
) -> None:
    assert read_quota(*write_groups(tmp_path, membership, files)) == quota


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert read_quota(tmp_path / "none", tmp_path / "no mount") is None


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_affinity_leaves_fewer_cores() -> None:
    core = min(os.sched_getaffinity(0))
    program = f"import os, studio.cores; os.sched_setaffinity(0, [{core}]); print(studio.cores.count_cores())"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "1\n"


def test_a_quota_limits_threads_and_what_the_user_set_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    membership, mount = write_groups(tmp_path, "0::/\n", {"cpu.max": "100000 100000\n"})
    monkeypatch.setattr("studio.cores._MEMBERSHIP", membership)
    monkeypatch.setattr("studio.cores._MOUNT", mount)
    monkeypatch.setattr("studio.cores._count_visible_cores", lambda: 8)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert count_cores() == 1
    monkeypatch.setattr("studio.cores._set_threads", [])
    share_cores()
    assert (os.environ["OMP_WAIT_POLICY"], os.environ["OMP_NUM_THREADS"]) == ("ACTIVE", "1")
    assert find_asked_threads() is None
    os.environ.pop("OMP_NUM_THREADS")


def test_workers_divide_what_a_quota_leaves_and_take_what_the_user_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    membership, mount = write_groups(tmp_path, "0::/\n", {"cpu.max": "400000 100000\n"})
    monkeypatch.setattr("studio.cores._MEMBERSHIP", membership)
    monkeypatch.setattr("studio.cores._MOUNT", mount)
    monkeypatch.setattr("studio.cores._count_visible_cores", lambda: 64)
    monkeypatch.setattr("studio.cores._set_threads", [])
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    share_cores()
    assert [row["OMP_NUM_THREADS"] for row in create_environments(2, count_cores(), [])] == ["3", "3"]
    monkeypatch.delenv("OMP_NUM_THREADS")
    share_cores()
    assert [row["OMP_NUM_THREADS"] for row in create_environments(2, count_cores(), [])] == ["2", "2"]


def test_threads_of_commands_sleep_while_they_wait() -> None:
    program = """
import os
from studio.cli.main import main
try:
    main(["--version"])
except SystemExit:
    print(os.environ["OMP_WAIT_POLICY"])
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "passive"
