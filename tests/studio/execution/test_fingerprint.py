"""Fingerprints: every part counts, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_models import write_weights
from fakes import FakePlugin, Probe, graph, open_studio

from studio.api import NodeType, get_node_type
from studio.execution.digests import name_undigested
from studio.execution.fingerprint import Fingerprints

TYPES = {node_type.id: node_type for node_type in map(get_node_type, FakePlugin().studio_node_types())}
ADD = replace(TYPES["fake.add"], distribution="fake", distribution_version="1.0")
ON_DEVICE = TYPES["fake.on_device"]
INPUTS = {"a": "1" * 64, "b": "2" * 64}


def find(
    node_type: NodeType = ADD, inputs: dict[str, str] | None = None, device: str = "cpu", dtype: str = "float32"
) -> str:
    """Return a fingerprint."""
    found = Fingerprints(device, dtype).find(node_type, inputs or INPUTS)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "changed",
    [{"id": "fake.bdd"}, {"version": "1.1"}, {"code": 2}, {"distribution": "other"}, {"distribution_version": "1.1"}],
)
def test_every_part_of_the_node_type_counts(changed: dict[str, Any]) -> None:
    assert find(replace(ADD, **changed)) != find()


@pytest.mark.parametrize(
    "inputs",
    [
        {"a": "3" * 64, "b": "2" * 64},
        {"a": "1" * 64, "b": "3" * 64},
        {"a": "2" * 64, "b": "1" * 64},
        {"a": "1" * 64},
        {"a": "1" * 64, "c": "2" * 64},
        {"a": "1" * 64, "b": "2" * 64, "c": "2" * 64},
    ],
)
def test_every_input_counts_by_name_and_digest(inputs: dict[str, str]) -> None:
    assert find(inputs=inputs) != find()


def test_the_order_of_inputs_does_not_count() -> None:
    assert find(inputs=dict(reversed(INPUTS.items()))) == find()


def test_device_and_dtype_count_where_results_depend_on_them() -> None:
    prints = {find(ON_DEVICE, device=d, dtype=t) for d in ("cpu", "cuda") for t in ("float32", "bfloat16")}

    assert len(prints) == 4


@pytest.mark.parametrize("node_type", [ADD, TYPES["fake.stacked"]])
def test_device_and_dtype_do_not_count_where_they_do_not_matter(node_type: NodeType) -> None:
    assert find(node_type, device="cuda", dtype="bfloat16") == find(node_type)


def test_an_input_without_digest_means_no_fingerprint() -> None:
    assert Fingerprints("cpu", "float32").find(ADD, {"a": name_undigested(), "b": "2" * 64}) is None


def test_the_parts_name_what_counts() -> None:
    parts = Fingerprints("cuda", "bfloat16").find_parts(ON_DEVICE, {"a": "1" * 64})

    assert set(parts) == {"format", "node type", "version", "code", "plugin", "device", "dtype", "input a"}


def test_an_unkeyed_input_stays_out(tmp_path: Path) -> None:
    with open_studio(tmp_path, probe := Probe(), on_disk=False) as studio:
        for name in ("one", "two"):
            studio.run(graph({"l": ("fake.label", {"a": 1, "name": name})}, o="l"))

    assert probe.calls["label"] == 1


def test_an_added_input_stays_out_at_its_default(tmp_path: Path) -> None:
    extend = TYPES["fake.extend"]
    with open_studio(tmp_path, probe := Probe(), on_disk=False) as studio:
        for given in ({}, {"by": 0}, {"by": 2}):
            made = studio.run(graph({"l": ("fake.extend", {"a": 1, **given})}, o="l"))

    assert made["o"] == 3
    assert probe.calls["extend"] == 2
    assert extend.inputs["by"].added


def test_weights_count_by_content_also_inside_a_list(tmp_path: Path) -> None:
    from studio.api import Model

    with open_studio(tmp_path / "cache") as studio:
        path = tmp_path / "weights.safetensors"
        digests = []
        for content in (1.0, 2.0):
            write_weights(path, content)
            model = Model(f"file:{path}")
            digests.append([studio.executor.services.digests.digest(value) for value in (model, [model])])

    assert digests[0][0] != digests[1][0]
    assert digests[0][1] != digests[1][1]
