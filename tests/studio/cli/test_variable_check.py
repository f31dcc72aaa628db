"""Warnings of misspelt variables of the environment."""

from __future__ import annotations

import warnings

import pytest

from studio.cli.variable_check import warn_of_variables
from studio.errors import StudioWarning


def test_a_misspelt_variable_is_warned_of_with_the_one_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE_DRI", "/tmp/cache")

    with pytest.warns(StudioWarning) as caught:
        warn_of_variables()

    assert [str(one.message) for one in caught] == [
        "unknown setting STUDIO_CACHE_DRI; did you mean 'STUDIO_CACHE_DIR'?"
    ]


def test_a_variable_that_is_near_to_none_leads_to_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_XYZZY", "1")

    with pytest.warns(StudioWarning, match="unknown setting STUDIO_XYZZY; `studio config show` lists the settings"):
        warn_of_variables()


def test_known_variables_and_those_of_plugins_are_not_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE_DIR", "/tmp/cache")
    monkeypatch.setenv("STUDIO_PLUGINS_SPEECH_VOICE", "f2")
    monkeypatch.setenv("STUDIOUS", "1")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_variables()
