"""`studio version`: which versions take part."""

from __future__ import annotations

import importlib.metadata
import platform

from studio.api import API_VERSION
from studio.version import VERSION
from tests.studio.cli.conftest import Desk


def test_versions_are_told_as_data(desk: Desk) -> None:
    found = desk.call("version", "--json").json

    assert (found["studio"], found["python"], found["api"]) == (VERSION, platform.python_version(), API_VERSION)
    assert found["torch"] == importlib.metadata.version("torch")
    assert {"name": "studio-image", "distribution": "studio", "version": VERSION} in found["plugins"]


def test_the_option_says_the_same(desk: Desk) -> None:
    first, second = desk.call("--version", "--json"), desk.call("--json", "-V")

    assert first.answer == second.answer == desk.call("version", "--json").answer


def test_text_has_every_version_too(desk: Desk) -> None:
    text, data = desk.call("version").out, desk.call("version", "--json").json

    for name in ("studio", "python", "platform", "api", "torch"):
        assert data[name] in text
    for row in data["plugins"]:
        assert f"{row['name']} {row['version']} ({row['distribution']})" in text


def test_nothing_heavy_and_no_plugin_is_loaded(desk: Desk) -> None:
    loaded = desk.list_modules("version", "--json")

    assert not {"torch", "studio_image", "studio_video", "networkx", "cv2"} & loaded
