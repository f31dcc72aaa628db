"""What a plugin's distribution requires is checked before the plugin is imported, and named as a user installs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import API_VERSION
from studio.registry import PluginRow, load_registry
from studio.registry.requirements import list_requirements
from studio.version import VERSION
from tests.studio.registry.conftest import load

MODULE = '''
from studio.api import hookimpl

@hookimpl
def studio_node_types():
    """Return nothing."""
    return []
'''


class Site:
    """A folder of installed distributions, which is on the path of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self,
        name: str,
        version: str = "1.0",
        requires: Sequence[str] = (),
        *,
        module: str = MODULE,
        point: str = "",
        python: str = "",
    ) -> None:
        """Install a distribution; with a name of an entry point it is a plugin."""
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Python: {python}"] if python else []
        (info / "METADATA").write_text(
            "\n".join([*lines, *(f"Requires-Dist: {text}" for text in requires)]) + "\n", encoding="utf-8"
        )
        if point:
            package = name.replace("-", "_")
            (info / "entry_points.txt").write_text(f"[studio]\n{point}\n", encoding="utf-8")
            (self.folder / f"{package}.py").write_text(module, encoding="utf-8")

    def load(self) -> PluginRow:
        """Load all plugins; return the row of the one that is installed here."""
        return next(row for row in load_registry().plugins if row.distribution.startswith("site-"))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(tmp_path)
    return Site(tmp_path)


@pytest.mark.parametrize(
    ("requires", "problem"),
    [
        ("studio>=9", f"E209 it needs Studio 9 or newer; {VERSION} is installed (pip install 'studio>=9')"),
        ("studio<0.1,>=0.0.1", f"it needs Studio<0.1,>=0.0.1; {VERSION} is installed"),
        ("nowhere-to-be-found>=2", "it needs nowhere-to-be-found 2 or newer, which is not installed"),
        ("nowhere-to-be-found", "it needs nowhere-to-be-found, which is not installed (pip install 'nowhere-to"),
        ("numpy>=999", "it needs numpy 999 or newer; "),
        ("numpy[", "invalid requirement 'numpy['"),
    ],
)
def test_a_plugin_whose_requirement_is_not_met_is_not_imported_and_says_what_it_needs(
    site: Site, requires: str, problem: str
) -> None:
    site.install("site-tint", requires=[requires], module="raise AssertionError('imported')", point="tint = site_tint")

    row = site.load()

    assert row.status == "failed"
    assert problem in row.problem


def test_all_requirements_that_are_not_met_are_named_at_once(site: Site) -> None:
    site.install("site-tint", requires=["studio>=9", "nowhere-a", "numpy"], point="tint = site_tint")

    problem = site.load().problem

    assert "needs Studio 9 or newer" in problem
    assert "needs nowhere-a" in problem
    assert "pip install 'studio>=9' 'nowhere-a'" in problem


@pytest.mark.parametrize(
    "requires",
    [
        "studio",
        "studio>=0.1",
        "Studio >= 0.0.1, < 9",
        "numpy>=1; python_version >= '3.0'",
        "nowhere-a; python_version < '3'",
        "nowhere-a; sys_platform == 'amiga'",
        "nowhere-a>=2; extra == 'gpu'",
    ],
)
def test_a_requirement_that_is_met_or_does_not_apply_is_no_problem(site: Site, requires: str) -> None:
    site.install("site-tint", requires=[requires], point="tint = site_tint")

    assert site.load().status == "ok"


def test_an_extra_that_the_entry_point_asks_for_is_checked(site: Site) -> None:
    requires = ["nowhere-a>=2; extra == 'gpu'", "nowhere-b; extra == 'docs'"]
    site.install("site-tint", requires=requires, point="tint = site_tint [gpu]")

    problem = site.load().problem

    assert "it needs nowhere-a 2 or newer" in problem
    assert "nowhere-b" not in problem


def test_an_extra_of_another_distribution_is_checked_there(site: Site) -> None:
    site.install("paint-box", requires=["numpy", "nowhere-oil; extra == 'oil'", "nowhere-ink; extra == 'ink'"])
    site.install("site-tint", requires=["paint-box[oil]"], point="tint = site_tint")

    problem = site.load().problem

    assert "it needs nowhere-oil, which is not installed" in problem
    assert "nowhere-ink" not in problem


def test_extras_that_ask_for_each_other_end(site: Site) -> None:
    site.install("paint-a", requires=["paint-b[x]; extra == 'x'"])
    site.install("paint-b", requires=["paint-a[x]; extra == 'x'", "nowhere-a; extra == 'x'"])
    site.install("site-tint", requires=["paint-a[x]"], point="tint = site_tint")

    assert "nowhere-a" in site.load().problem


def test_a_prerelease_counts_as_the_newer_version(site: Site) -> None:
    site.install("paint-box", "2.0rc1")
    site.install("site-tint", requires=["paint-box>=1"], point="tint = site_tint")

    assert site.load().status == "ok"


def test_a_plugin_for_another_python_says_which(site: Site) -> None:
    site.install("site-tint", point="tint = site_tint", python=">=4")

    assert "E209 it needs Python >=4; this is Python 3." in site.load().problem


def test_requirements_are_listed_with_their_states() -> None:
    distribution = SimpleNamespace(requires=["studio>=0.1", "numpy>=999", "nowhere-a", "no[", "dev-x; extra == 'dev'"])

    rows = list_requirements(distribution)

    assert [(row.requirement, row.state) for row in rows] == [
        ("studio>=0.1", "ok"), ("numpy>=999", "unfit"), ("nowhere-a", "missing"), ("no[", "invalid"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("1.99", f"E209 it needs version 1.99 of the plugin contract; this is Studio {VERSION} with 1."),
        ("2.0", "(install a newer Studio)"),
        ("0.9", "(install a newer version of the plugin)"),
        ("new", "E206 studio_api = 'new' is not a version of the plugin contract (write studio_api = \"1."),
        (1.0, "E206 studio_api = 1.0 is not a version"),
        ("1.0", ""),  # of an earlier version: its names are still there
        (API_VERSION, ""),
        (f"1.{int(API_VERSION[2:]) + 1}", "install a newer Studio"),
    ],
)
def test_a_plugin_may_say_which_version_of_the_contract_it_needs(wanted: Any, problem: str) -> None:
    _, rows = load(SimpleNamespace(studio_api=wanted))

    assert problem in rows[0].problem
    assert rows[0].status == ("failed" if problem else "ok")
