"""A description says what weights are, read from their headers and configurations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_models import write_pipeline, write_weights

from studio.runtime.model_description import Component, Description, describe_weights
from studio.runtime.weights import Inspector


def describe(path: Path) -> Description:
    return describe_weights(f"file:{path}", path, "0" * 64, Inspector())


def test_a_model_is_described_without_loading_it(pipeline: Path) -> None:
    (pipeline / "README.md").write_text("---\ntags: [x]\nlicense: apache-2.0\n---\n# Card", encoding="utf-8")

    found = describe(pipeline)

    assert (found.kind, found.license, found.digest) == ("FakePipeline", "apache-2.0", "0" * 64)
    assert {c.name: (c.kind, dict(c.numbers)) for c in found.components} == {
        "unet": ("FakeUnet", {"float32": 4}),
        "vae": ("FakeVae", {"float32": 4}),
    }
    assert (
        found.bytes
        == sum(component.bytes for component in found.components) + (pipeline / "model_index.json").stat().st_size
    )


def test_a_file_is_one_component_without_a_name(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "net.safetensors", 1, 2)

    found = describe(path)

    assert (found.kind, found.license) == ("safetensors file", "")
    assert found.components == [Component("", "", path.stat().st_size, {"float32": 8})]


def test_a_component_is_described_by_its_own_configuration_where_the_index_names_none(tmp_path: Path) -> None:
    folder = write_pipeline(tmp_path / "p", unet=1)
    write_weights(folder / "extra" / "net.safetensors", 1)
    (folder / "extra" / "config.json").write_text(json.dumps({"architectures": ["OddNet"]}), encoding="utf-8")

    components = {component.name: component.kind for component in describe(folder).components}

    assert components == {"unet": "FakeUnet", "extra": "OddNet"}


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"_class_name": "A", "architectures": ["B"]}, "A"),
        ({"architectures": ["B", "C"], "model_type": "d"}, "B"),
        ({"architectures": [], "model_type": "d"}, "d"),
        ({"architectures": "B"}, "folder"),
        ({}, "folder"),
    ],
)
def test_a_folder_is_of_the_class_that_its_configuration_names(
    tmp_path: Path, config: dict[str, object], kind: str
) -> None:
    write_weights(tmp_path / "net.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")

    assert describe(tmp_path).kind == kind


@pytest.mark.parametrize(
    ("card", "license"),
    [
        ("---\nlicense: mit\n---\n", "mit"),
        ('---\nlicense: "other"\nlicense_name: mine\n---\n', "other"),
        ("---\ntags: [license]\n---\nlicense: mit\n", ""),
        ("license: mit\n", ""),
        ("", ""),
    ],
)
def test_the_license_is_read_from_the_head_of_the_card_alone(pipeline: Path, card: str, license: str) -> None:
    (pipeline / "README.md").write_text(card, encoding="utf-8")

    assert describe(pipeline).license == license


def test_a_description_is_plain_json(pipeline: Path) -> None:
    table = json.loads(json.dumps(describe(pipeline).to_json()))

    assert table["components"][0]["numbers"] == {"float32": 4}
    assert table["reference"] == f"file:{pipeline}"
