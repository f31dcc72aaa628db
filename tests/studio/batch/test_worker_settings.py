"""Settings travel to workers as plain JSON and come back as they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from studio.api import PluginSettings, Secret
from studio.app import Studio
from studio.batch.batch import Batch
from studio.batch.groups import list_rows
from studio.batch.ledger import Ledger
from studio.batch.spec import create_spec
from studio.batch.worker_settings import (
    check_machine_has,
    describe_plugin_settings,
    describe_settings,
    parse_settings,
)
from studio.errors import PluginError
from studio.registry.plugin_settings import load_plugin_settings
from studio.settings import MediaLimits, Settings
from tests.studio.batch.conftest import from_input, graph_of


def test_settings_come_back_from_json_as_they_were(tmp_path: Path) -> None:
    settings = Settings(
        cache_dir=tmp_path / "cache",
        plugins_dir=tmp_path / "plugins",
        device="cpu",
        memory_bytes=123,
        disabled_plugins=("a", "b"),
        media=MediaLimits(max_pixels=77),
    )

    back = parse_settings(json.loads(json.dumps(describe_settings(settings))))

    assert back == settings


def test_a_folder_that_is_not_set_stays_so(tmp_path: Path) -> None:
    back = parse_settings(json.loads(json.dumps(describe_settings(Settings(cache_dir=tmp_path)))))

    assert back.plugins_dir is None


def test_without_a_description_those_of_this_machine_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STUDIO_CACHE_DIR", str(tmp_path / "mine"))

    assert parse_settings({}).cache_dir == tmp_path / "mine"


def test_settings_of_plugins_are_not_in_what_a_ledger_keeps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[plugins.tint]\nkey = "here"\n')
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "config.toml"))

    described = json.dumps(describe_settings(Settings(cache_dir=tmp_path, plugins={"tint": {"key": "hush"}})))

    assert "hush" not in described
    assert parse_settings(json.loads(described)).plugins == {"tint": {"key": "here"}}


@dataclass(frozen=True)
class TintSettings(PluginSettings):
    """Settings of tints."""

    strength: float = 0.5
    mode: str | None = "soft"
    key: Secret | None = None


def send(given: PluginSettings | Mapping[str, Any]) -> Any:
    """Return the settings that a plugin has in a worker process."""
    settings = Settings(plugins={"tint": given})
    described = json.loads(json.dumps(describe_plugin_settings(settings)))
    return load_plugin_settings(
        TintSettings, "tint", parse_settings(describe_settings(settings), described).plugins["tint"]
    )


@pytest.mark.parametrize(
    "given", [TintSettings(), TintSettings(0.25, None, Secret("sk-live-42")), TintSettings(mode="hard", key=None)]
)
def test_a_settings_object_reaches_a_process_as_it_is(monkeypatch: pytest.MonkeyPatch, given: TintSettings) -> None:
    monkeypatch.setenv("STUDIO_PLUGINS_TINT_STRENGTH", "1")  # of an object it changes nothing

    assert send(given) == given


def test_a_table_reaches_a_process_with_its_secrets() -> None:
    assert send({"strength": 2, "key": "sk-live-42"}) == TintSettings(2, key=Secret("sk-live-42"))
    assert send({"key": Secret("sk-live-42")}) == TintSettings(key=Secret("sk-live-42"))


def test_an_object_of_another_class_is_refused_in_the_process(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class More(TintSettings):
        depth: int = 3

    with pytest.raises(PluginError, match=r"unknown setting plugins\.tint\.depth"):
        send(More())


def test_machines_of_a_cluster_must_have_the_settings_of_plugins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text("[plugins.tint]\nstrength = 1\n", encoding="utf-8")
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "config.toml"))
    check_machine_has(Settings(plugins={"tint": {"strength": 1}}))

    for given in ({"strength": 2}, TintSettings()):
        with pytest.raises(PluginError, match="'tint' are given in Python and do not reach"):
            check_machine_has(Settings(plugins={"tint": given}))


PLUGIN = '''"""A plugin with settings."""

from dataclasses import dataclass

from studio.api import Context, PluginSettings, Secret, hookimpl, node


@dataclass(frozen=True)
class EchoSettings(PluginSettings):
    """Settings of echoes."""

    times: int = 1
    key: Secret | None = None


@node("echo.repeat", code=1)
def repeat(ctx: Context, text: str, *, settings: EchoSettings) -> str:
    """Repeat a text."""
    return text * settings.times + str(len(settings.key.reveal() if settings.key else ""))


@hookimpl
def studio_settings():
    return EchoSettings


@hookimpl
def studio_node_types():
    return [repeat]
'''
ECHO = graph_of(
    {"echo": {"type": "echo.repeat", "inputs": {"text": from_input("text")}}},
    {"text": {"type": "text"}},
    {"out": "echo"},
)


@pytest.mark.parametrize("as_object", [True, False])
def test_nodes_in_a_worker_process_have_the_settings_that_are_given_in_python(tmp_path: Path, as_object: bool) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "studio_echo.py").write_text(PLUGIN, encoding="utf-8")
    given: dict[str, Any] = {"times": 3, "key": Secret("sk-live-42")}
    settings = Settings(cache_dir=tmp_path / "cache", plugins_dir=folder, device="cpu", plugins={"echo": given})
    if as_object:
        with Studio(settings) as studio:
            kind = next(
                plugin.EchoSettings for plugin in studio.registry.host.get_plugins() if hasattr(plugin, "repeat")
            )
        settings = replace(settings, plugins={"echo": kind(**given)})

    with Studio(settings) as studio:
        batch = Batch(studio, create_spec(studio.load(ECHO), tmp_path / "out"), [list_rows([{"text": "ab"}])])
        with Ledger(tmp_path / "out", create=True) as ledger:
            batch.import_items(ledger)
            assert [result.state for _, result in batch.create_run(ledger, workers=1).run()] == ["done"]

    assert [path.read_text() for path in (tmp_path / "out").glob("*.txt")] == ["ababab10"]
    records = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not any(b"sk-live-42" in data for data in records)
