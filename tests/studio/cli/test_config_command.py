"""`studio config`: every setting with its value and where that comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.settings import Settings
from tests.studio.cli.conftest import Desk


@pytest.fixture
def config(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file that `STUDIO_CONFIG` names."""
    path = desk / "config.toml"
    path.write_text(
        'device = "cpu"\nworkers = 3\ncache_bytes = "1GiB"\n'
        '[media]\nmax_side = 9000\n[plugins.post]\ntoken = "s3cret"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("STUDIO_CONFIG", str(path))
    return path


def test_each_setting_says_where_it_comes_from(desk: Desk, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_WORKERS", "5")

    found = desk.call("config", "show", "--json").json

    assert found["config"] == {"path": str(config), "exists": True}
    settings = found["settings"]
    assert settings["device"] == {"value": "cpu", "origin": str(config)}
    assert settings["workers"] == {"value": 5, "origin": "STUDIO_WORKERS"}
    assert settings["cache_bytes"] == {"value": 2**30, "origin": str(config)}
    assert settings["media.max_side"] == {"value": 9000, "origin": str(config)}
    assert settings["media.max_pixels"]["origin"] == "default"
    assert settings["dtype"] == {"value": "auto", "origin": "default"}
    tables = {"media", "credentials", "plugins"}
    assert {name for name in settings if "." not in name} == set(Settings.__dataclass_fields__) - tables
    assert settings["credentials.sign"] == {"value": False, "origin": "default"}


def test_it_reads_as_a_table_and_shows_no_secrets(desk: Desk, config: Path) -> None:
    shown = desk.call("config", "show")

    rows = {line.split()[0]: line.split(None, 1)[1] for line in shown.out.splitlines() if "  " in line}
    assert shown.out.startswith(f"{config}\n")
    assert rows["cache_bytes"].split() == ["1.0", "GiB", str(config)]
    assert rows["plugins.post.token"].split() == ["(set)", str(config)]
    assert "s3cret" not in shown.text + desk.call("config", "show", "--json").text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://ada:pa55word@bucket/x", "s3://***@bucket/x"),
        ("https://host/x?token=pa55word&mode=read", "https://host/x?token=***&mode=read"),
        ("s3://bucket/x?mode=read", "s3://bucket/x?mode=read"),
        ("/mnt/a@b", "/mnt/a@b"),
    ],
)
def test_credentials_in_the_address_of_the_cache_are_not_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    monkeypatch.setenv("STUDIO_CACHE_URL", url)

    assert desk.call("config", "show", "--json").json["settings"]["cache_url"]["value"] == shown
    assert "pa55word" not in desk.call("config", "show").text


def test_variables_that_are_no_setting_are_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVISE", "cpu")
    monkeypatch.setenv("STUDIO_PLUGINS_POST_TOKEN", "fine")

    assert desk.call("config", "show", "--json").json["unknown_variables"] == ["STUDIO_DEVISE"]
    assert desk.call("config", "show").err == "warning: unknown setting STUDIO_DEVISE; did you mean 'STUDIO_DEVICE'?\n"


def test_the_path_is_told_where_no_file_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(desk / "settings"))

    assert desk.call("config", "path").out == f"{desk / 'settings/studio/config.toml'}\n"
    assert desk.call("config", "show").out.startswith(f"{desk / 'settings/studio/config.toml'} (not there)\n")


def test_an_invalid_setting_is_an_error(desk: Desk, config: Path) -> None:
    config.write_text("workers = 'many'\n", encoding="utf-8")

    done = desk.call("config", "show")

    assert (done.code, "E001" in done.err, str(config) in done.err) == (2, True, True)
