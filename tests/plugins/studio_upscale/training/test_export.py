"""What ships of a training is written whole, in its own folder and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.api import Model
from studio_upscale.gauge import FEATURES, KERNELS, SCALES
from studio_upscale.networks.compact import Compact
from studio_upscale.opener import UpscaleOpener
from studio_upscale.training import export as exporting
from studio_upscale.training.stages import STAGES, list_stages


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Checkpoints of all stages, with untrained networks of the real scales."""
    folder = tmp_path / "trained"
    folder.mkdir()
    for stage in list_stages(8, 1).values():
        network = Compact(8, 1, stage.scales, stage.coded)
        tensors = {f"average.{name}": value.contiguous() for name, value in network.state_dict().items()}
        facts = {"width": 8, "blocks": 1, "scales": stage.scales, "coded": stage.coded, "step": 1, "seconds": 60.0}
        save_file(tensors, folder / f"{stage.name}.safetensors", metadata={"training": json.dumps(facts)})
    shapes = {"mean": (FEATURES,), "deviation": (FEATURES,), "temperature": (1,), "second": (1, 2, 3)}
    shapes |= {"first": (1, 2, FEATURES + len(SCALES) + 1), "last": (1, len(KERNELS), 3)}
    gauge = {f"gauge.{name}": torch.ones(shape) for name, shape in shapes.items()}
    save_file(gauge | {"fold0.gauge.mean": torch.zeros(1)}, folder / "gauge.safetensors")
    return folder


def list_files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_export_writes_its_folder_and_nothing_else(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = list_files(tmp_path)

    sizes = exporting.export(trained)

    files = {"README.md", "compact.safetensors", "compact_fast.safetensors", "compact_restore.safetensors"}
    assert set(sizes) == files
    assert list_files(tmp_path) - before == {f"trained/ship/{name}" for name in files}


def test_what_is_exported_opens_with_its_scales_in_half_precision(trained: Path) -> None:
    exporting.export(trained)

    for name, scales in (("compact", (2, 3, 4)), ("compact_fast", (2, 3, 4)), ("compact_restore", (1,))):
        path = trained / "ship" / f"{name}.safetensors"
        opened = UpscaleOpener().open(path, Model("file:x"), device="cpu", dtype="float32", parts={})
        assert opened.scales == scales
        tensors = load_file(path)
        assert {value.dtype for key, value in tensors.items() if not key.startswith("gauge.")} == {torch.float16}
        assert not any(key.startswith("fold") for key in tensors)


def test_an_export_that_breaks_off_keeps_the_earlier_file_whole(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exporting.export(trained)
    before = (trained / "ship" / "compact.safetensors").read_bytes()

    def fail(tensors: Any, path: Path, metadata: Any = None) -> None:
        Path(path).write_bytes(before[:-1])
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(OSError, match="no space"):
        exporting.export(trained)

    assert (trained / "ship" / "compact.safetensors").read_bytes() == before
    assert len(list_files(trained / "ship")) == 4


def test_every_stage_but_the_first_and_the_last_is_a_network() -> None:
    assert ["gauge", *sorted(list_stages(8, 1)), "export"] == ["gauge", *sorted(STAGES[1:-1]), "export"]
