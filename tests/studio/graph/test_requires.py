"""The distributions that a graph needs, held against those that are installed."""

from __future__ import annotations

import pytest

from studio.graph.requires import check_requires

INSTALLED = {"studio-image": "0.3.1", "studio_audio": "1.0rc1", "studio-local": "0+local.4e40879b8d1c"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("studio-image", ">=0.1,<1"),
        ("studio_image", "==0.3.*"),  # names are equal as pip takes them
        ("Studio.Image", ">=0.3"),
        ("studio-audio", ">=1.0a1"),  # a release candidate that is installed counts
        ("studio-local", ">=9"),  # a plugin from a folder has no number
    ],
)
def test_what_is_installed_meets_a_range(name: str, wanted: str) -> None:
    assert check_requires({name: wanted}, INSTALLED) == []


@pytest.mark.parametrize(
    ("name", "wanted", "code"),
    [("studio-none", ">=1", "E123"), ("studio-image", ">=1", "E124"), ("studio-image", "the newest", "E124")],
)
def test_what_does_not_meet_a_range_is_found(name: str, wanted: str, code: str) -> None:
    (finding,) = check_requires({name: wanted}, INSTALLED)

    assert (finding.code, finding.where) == (code, f"/requires/{name}")
    assert finding.hint


def test_the_place_of_a_finding_is_a_json_pointer() -> None:
    (finding,) = check_requires({"a/b~c": ">=1"}, {})

    assert finding.where == "/requires/a~1b~0c"


@pytest.mark.parametrize("failure", ["is disabled: studio plugins enable tint", "failed to load: no brush"])
def test_a_plugin_that_is_installed_and_does_not_work_says_why(failure: str) -> None:
    (finding,) = check_requires({"studio-tint": ">=1"}, {}, {"studio-tint": failure}.get)

    assert (finding.code, finding.message) == ("E123", f"plugin 'studio-tint' {failure}")
