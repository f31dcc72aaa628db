"""Plans of openers: load options that they choose, fingerprints, records, and models that fit in no way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_models import write_weights

from studio.api import MemoryBudget, MemoryPlan, Model, ModelOpener, PlannedPart
from studio.cache.digest import hash_file
from studio.errors import ModelError
from studio.runtime.devices import Device
from studio.runtime.models import MEMORY_SHARE, Models
from studio.runtime.resident import Resident

CPU, GPU = Device("cpu", "float32"), Device("cuda:0", "bfloat16")
ASKED = Model("builtin:a", (("rounding", "auto"),))


class PlanningOpener(ModelOpener):
    """Opens as a tuple of its load options; a model has 100 bytes, and half of them where it is rounded."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Open all."""
        return True

    def plan_memory(
        self, path: Path, model: Model, *, device: str, dtype: str, budget: MemoryBudget
    ) -> MemoryPlan | None:
        """Move what does not fit, and round if it may."""
        room = budget.device_bytes or 10**9
        options = {"rounding": "half" if room < 100 else ""} if dict(model.options).get("rounding") == "auto" else {}
        size = 50 if options.get("rounding") else 100
        if room < size:
            options["place"] = "elsewhere"
        part = PlannedPart("net", dtype, size, "device")
        return MemoryPlan(
            (part,), options, frozenset({"rounding"}), device_bytes=size // 5, fits=room >= size // 5, cost="Slow."
        )

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Any) -> Any:
        """Return the load options."""
        return model.options

    def measure(self, opened: Any) -> int:
        """Return nothing worth to count."""
        return 1


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of weights."""
    return write_weights(tmp_path / "a.safetensors")


def make(weights: Path, **budgets: Any) -> Models:
    """Make models with budgets."""
    return Models({"a": weights}, [PlanningOpener()], lambda path: hash_file(path).hex(), **budgets)


def test_a_model_is_opened_with_what_its_plan_chose(weights: Path) -> None:
    models, loads = make(weights, vram_bytes=60), list[Resident]()

    with models.open(ASKED, GPU, lambda resident, _: loads.append(resident)) as opened:
        assert opened == (("rounding", "half"),)
    with models.open(Model("builtin:a"), GPU) as opened:
        assert opened == (("place", "elsewhere"),)

    assert (dict(loads[0].planned), loads[0].cost) == ({"rounding": "half"}, "Slow.")


def test_what_fits_is_opened_as_it_is(weights: Path) -> None:
    with make(weights, vram_bytes=100).open(ASKED, GPU) as opened:
        assert opened == ()


def test_only_what_changes_results_enters_fingerprints(weights: Path) -> None:
    small, large = make(weights, vram_bytes=40), make(weights, vram_bytes=100)

    assert small.settle_choices(ASKED, GPU) == Model("builtin:a", (("rounding", "half"),))
    assert large.settle_choices(ASKED, GPU) == Model("builtin:a")
    assert small.settle_choices(Model("builtin:a"), GPU) == Model("builtin:a")


def test_a_model_that_fits_in_no_way_is_refused_before_it_loads(weights: Path) -> None:
    models = make(weights, vram_bytes=5)

    with pytest.raises(ModelError, match="E629") as caught, models.open(Model("builtin:a"), GPU):
        pass

    assert "studio models plan builtin:a" in caught.value.hint
    assert models.loads == 0


def test_a_budget_of_nothing_keeps_nothing_open_and_is_no_size(weights: Path) -> None:
    with make(weights, vram_bytes=0).open(ASKED, GPU) as opened:
        assert opened == ()


def test_weights_that_wait_may_take_most_of_the_memory(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.runtime.models.find_ram_bytes", lambda: 1000)

    assert make(weights, vram_bytes=7).find_budget(GPU) == MemoryBudget(7, int(1000 * MEMORY_SHARE))
    assert make(weights, ram_bytes=70).find_budget(CPU) == MemoryBudget(70, 70)
