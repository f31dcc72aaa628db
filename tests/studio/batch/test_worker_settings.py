"""Settings travel to workers as plain JSON and come back as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.batch.worker_settings import describe_settings, parse_settings
from studio.settings import MediaLimits, Settings


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


def test_settings_of_plugins_do_not_travel_and_are_read_on_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[plugins.tint]\nkey = "here"\n')
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "config.toml"))

    described = json.dumps(describe_settings(Settings(cache_dir=tmp_path, plugins={"tint": {"key": "hush"}})))

    assert "hush" not in described
    assert parse_settings(json.loads(described)).plugins == {"tint": {"key": "here"}}
