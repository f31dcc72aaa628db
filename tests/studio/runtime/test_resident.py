"""What is in memory: a model is measured without the parts that it shares."""

from __future__ import annotations

import pytest
from fake_models import CountingOpener, Opened

from studio.api import Model
from studio.runtime.devices import Device
from studio.runtime.resident import Part, Resident, Whole

CPU, MODEL, OPENER = Device("cpu", "float32"), Model("builtin:a"), CountingOpener()


@pytest.fixture
def whole() -> Whole:
    """A model of 100 bytes that is made of parts of 30 and 20 bytes."""
    parts = []
    for name, size in (("vae", 30), ("text_encoder", 20)):
        part = Part((name,), name, MODEL, OPENER, CPU)
        part.opened = Opened(name, size)
        parts.append(part)
    whole = Whole(("a",), MODEL, OPENER, CPU, parts)
    whole.opened = Opened("a", 100, {part.name: part.opened for part in parts})
    return whole


def test_a_model_is_measured_without_its_parts(whole: Whole) -> None:
    whole.measure()

    assert (whole.bytes, [part.bytes for part in whole.parts]) == (100, [30, 20])


def test_a_model_that_saved_memory_is_measured_anew(whole: Whole) -> None:
    whole.measure()
    whole.opened.size = 40
    whole.parts[0].opened.size = 10

    whole.measure()

    assert (whole.bytes, whole.parts[0].bytes) == (40, 10)


def test_a_part_that_moved_elsewhere_does_not_make_a_model_less_than_nothing(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OPENER, "measure", lambda opened: {"a": 10}.get(opened.name, 50))

    whole.measure()

    assert whole.bytes == 0


def test_what_others_see_of_a_model(whole: Whole) -> None:
    whole.measure()
    whole.leases = 2

    assert whole.describe() == Resident("builtin:a", "cpu", "float32", 100, 2)
