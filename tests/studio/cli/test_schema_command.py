"""`studio schema`: the format, and the format with the installed node types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

jsonschema = pytest.importorskip("jsonschema")


def test_both_schemas_accept_a_good_graph(desk: Desk, card: Path) -> None:
    for options in ([], ["--installed"]):
        schema = desk.call("schema", *options).answer

        jsonschema.Draft202012Validator(schema).validate(json.loads(card.read_text(encoding="utf-8")))


def test_the_installed_schema_knows_the_node_types(desk: Desk, card: Path) -> None:
    document = json.loads(card.read_text(encoding="utf-8"))
    document["nodes"]["ground"]["type"] = "image.newt"

    def check(*options: str) -> bool:
        return bool(jsonschema.Draft202012Validator(desk.call("schema", *options).answer).is_valid(document))

    assert check()
    assert not check("--installed")


def test_the_installed_schema_knows_plugins_of_a_folder(desk: Desk, slow: list[str]) -> None:
    assert "slow.count" in desk.call("schema", "--installed", "--plugins-dir", "plugins").out
    assert "slow.count" not in desk.call("schema", "--installed").out


def test_printing_schemas_loads_no_torch(desk: Desk) -> None:
    assert not {"torch", "cv2"} & desk.list_modules("schema", "--installed")
