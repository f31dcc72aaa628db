from __future__ import annotations

from dataclasses import fields

from docs_site.settings_page import create_settings_page
from studio.settings import MediaLimits, Settings


def test_every_setting_and_limit_has_a_row() -> None:
    text = create_settings_page().text

    for one in (*fields(Settings), *fields(MediaLimits)):
        assert f"| `{one.name}` |" in text or one.name in ("media", "plugins")
    assert "| `device` | `STUDIO_DEVICE` | `auto` |" in text


def test_defaults_do_not_name_the_home_of_who_builds_the_site() -> None:
    assert "`~/.cache/studio`" in create_settings_page().text
