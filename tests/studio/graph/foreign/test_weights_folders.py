"""Where another program keeps its weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.graph.foreign.weights_folders import check_name, read_folders

YAML = """
# a comment
comfyui:
    base_path: base
    is_default: true
    checkpoints: models/checkpoints/
    loras: |
        models/loras
        models/more
a1111:
    vae: other/VAE
"""


@pytest.fixture(autouse=True)
def _start_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_yaml_file_lists_folders_for_each_kind(tmp_path: Path) -> None:
    (tmp_path / "extra_model_paths.yaml").write_text(YAML)
    (tmp_path / "base/models/more").mkdir(parents=True)
    (tmp_path / "base/models/more/a.safetensors").write_bytes(b"")

    folders = read_folders(tmp_path / "extra_model_paths.yaml", tmp_path)

    assert folders.folders["checkpoints"] == [tmp_path / "base/models/checkpoints"]
    assert folders.folders["vae"] == [tmp_path / "other/VAE"]
    assert folders.write_reference("loras", "a.safetensors") == "file:base/models/more/a.safetensors"


def test_a_folder_of_diffusers_comes_before_a_file_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "checkpoints/net").mkdir(parents=True)
    (tmp_path / "checkpoints/net/model_index.json").write_text("{}")
    (tmp_path / "checkpoints/net.safetensors").write_bytes(b"")

    folders = read_folders(tmp_path, tmp_path)

    assert folders.write_reference("checkpoints", "net.safetensors") == "file:checkpoints/net"


def test_weights_that_are_not_there_are_named_where_they_belong(tmp_path: Path) -> None:
    folders = read_folders(None, tmp_path)

    assert folders.find("vae", "a.safetensors") is None
    assert folders.write_reference("vae", "sub/a.safetensors") == "file:models/vae/sub/a.safetensors"


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "C:\\a", "a\0b", ""])
def test_a_name_that_leads_out_of_its_folder_is_none(name: str) -> None:
    assert check_name(name) is None


def test_folders_of_windows_are_folders() -> None:
    assert check_name("SDXL\\base.safetensors") == "SDXL/base.safetensors"


def test_weights_elsewhere_are_named_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    folders = read_folders(None, tmp_path)

    assert folders.write_reference("vae", "a.safetensors") == f"file:{tmp_path}/models/vae/a.safetensors"
