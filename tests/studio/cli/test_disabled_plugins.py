"""Disabled plugins are written into the configuration; everything else in it stays as it was written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from studio.cli.disabled_plugins import replace_setting, write_disabled_plugins
from studio.errors import UsageError

CONFIG = """\
# mine
device = "cpu"
disabled_plugins = [
  "a", # no
  "b",
] # those
workers = 2

[media]
max_pixels = 99
"""


def test_a_setting_is_replaced_where_it_stands_and_comments_stay() -> None:
    changed = replace_setting(CONFIG, ["c"])

    assert changed == CONFIG.replace('[\n  "a", # no\n  "b",\n] # those', '["c"]')


def test_a_setting_that_was_not_there_comes_first_and_so_above_all_tables() -> None:
    assert replace_setting("[media]\nmax_pixels = 9\n", ["a"]).startswith('disabled_plugins = ["a"]\n[media]\n')


def test_without_names_the_setting_goes() -> None:
    assert tomllib.loads(replace_setting(CONFIG, [])) == {
        "device": "cpu", "workers": 2, "media": {"max_pixels": 99},
    }  # fmt: skip


@pytest.mark.parametrize("text", [
    '[plugins.x]\ndisabled_plugins = ["a"]\n', 'note = """\ndisabled_plugins = ["a"]\n"""\n',
    '"disabled_plugins" = ["a"]\n', 'disabled_plugins = ["]"]\n',
])  # fmt: skip
def test_what_looks_like_the_setting_and_is_not_stays(text: str) -> None:
    try:
        changed = replace_setting(text, ["b"])
    except ValueError:
        return
    before = tomllib.loads(text)
    assert tomllib.loads(changed) == {**before, "disabled_plugins": ["b"]}


def test_a_file_that_cannot_be_read_is_left_alone_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("device = \n")
    monkeypatch.setenv("STUDIO_CONFIG", str(config))

    with pytest.raises(UsageError, match=r"E001 .*mine.toml") as caught:
        write_disabled_plugins(["a"])

    assert caught.value.hint == 'write it yourself: disabled_plugins = ["a"]'
    assert config.read_text() == "device = \n"
