"""Declarations of installed plugins are kept: a plugin is imported when it is called, and anew once it has changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from studio.api.origin import Provider
from studio.app import Studio
from studio.errors import PluginError
from studio.registry import installed_point
from studio.registry.environment import name_environment
from studio.settings import Settings
from tests.studio.registry.given_plugins import restored_modules, write_distribution

NODES = '''
import json
from pathlib import Path
from studio.api import Batch, Context, Grammar, MediaError, Migration, node
from typing import Annotated, Iterator

TABLE = json.loads((Path(__file__).parent / "table.json").read_text())

def parse(text: str) -> None:
    if text == "wrong":
        raise MediaError("E512", "wrong text")

def double(a: int) -> int:
    return 2 * a

def check(inputs, find_path):
    if inputs.get("a") == 13:
        yield "a", MediaError("E512", "an unlucky number")

def run_batch(ctx, calls):
    return [call["a"] + TABLE for call in calls]

@node("one.add", version="2.0", batch=Batch(run_batch, limit=4),
      migrations={{1: Migration({{"x": "a"}}, values={{"a": double}})}})
def add(ctx: Context, a: int = 0) -> int:
    """Add a number."""
    return a + TABLE

@node("one.check", check=check)
def check_word(ctx: Context, a: int = 0, word: Annotated[str, Grammar("a word", parse)] = "x") -> int:
    """Check a word."""
    return a

@node("one.count")
def count(ctx: Context, to: int = 3) -> Iterator[int]:
    """Count."""
    yield from range(to)

@node("one.wait")
async def wait(ctx: Context) -> int:
    """Wait."""
    return 5
'''
INIT = """
from studio.api import hookimpl

@hookimpl
def studio_node_types():
    from studio_tried_one import nodes
    return [nodes.add, nodes.check_word, nodes.count, nodes.wait]
"""
OBSERVED = """
SEEN = []

@hookimpl
def studio_event(event):
    SEEN.append(type(event).__name__)
"""
SETTINGS = """
from dataclasses import dataclass
from studio.api import PluginSettings

@dataclass(frozen=True)
class Setup(PluginSettings):
    level: int = 1

@hookimpl
def studio_settings():
    return Setup
"""
SETTLED_NODES = """
from studio.api import Batch, Context, PluginHome, node
from studio_tried_one import Setup

def run_batch(ctx, calls):
    return [call["a"] * call["setup"].level for call in calls]

@node("one.scale", batch=Batch(run_batch, limit=4))
def scale(ctx: Context, setup: Setup, a: int = 0) -> int:
    \"\"\"Scale a number.\"\"\"
    return a * setup.level

@node("one.name")
def name_home(ctx: Context, home: PluginHome) -> str:
    \"\"\"Say whose home it is.\"\"\"
    return f"{home.name} {home.settings.level}"
"""
SETTLED_INIT = INIT.replace("import nodes", "import nodes, settled").replace(
    "[nodes", "[settled.scale, settled.name_home, nodes"
)
HOME = """
@hookimpl
def studio_models(home):
    return {}
"""
NAME = "studio_tried_one"
URLS: dict[str, Any] = {
    "editable": {"url": "file:///x", "dir_info": {"editable": True}},
    "installed": {"url": "file:///x", "dir_info": {}},
    "release": None,
}


class Site:
    """A folder with one installed plugin, and the Studios that find it."""

    def __init__(self, root: Path, way: str, more: str = "") -> None:
        self.folder = root / "site" / NAME
        self.cache = root / "cache"
        self.folder.mkdir(parents=True)
        (self.folder / "__init__.py").write_text(INIT + more, encoding="utf-8")
        (self.folder / "nodes.py").write_text(NODES.format(), encoding="utf-8")
        (self.folder / "table.json").write_text("100", encoding="utf-8")
        record = "".join(f"{NAME}/{file.name},,\n" for file in self.folder.iterdir())
        write_distribution(root / "site", NAME, url=URLS[way], record=record)

    def open(self, *, fresh: bool = True, **more: Any) -> Studio:
        """Open a Studio, as in a process that has imported no plugin."""
        for name in list(sys.modules) if fresh else ():
            if name.partition(".")[0] == NAME:
                del sys.modules[name]
        return Studio(Settings(cache_dir=self.cache, device="cpu", **more))

    def load(self) -> None:
        """Find the plugin once, so that it is kept."""
        with self.open() as studio:
            check_rows(studio)

    def list_kept(self) -> list[Path]:
        folder = self.cache / "plugins"
        return sorted(folder.glob("*.json")) if folder.is_dir() else []


def check_rows(studio: Studio) -> None:
    failed = [row.problem for row in studio.registry.plugins if row.status == "failed"]
    assert not failed, failed


def is_imported() -> bool:
    return f"{NAME}.nodes" in sys.modules


def run(studio: Studio, node_type: str = "one.add", version: str = "", **inputs: Any) -> tuple[Any, int]:
    """Run one node; return its result and how many calls ran."""
    node = {"type": node_type, "inputs": inputs, **({"version": version} if version else {})}
    result = studio.run({"studio": 1, "nodes": {"n": node}, "outputs": {"o": {"from": "n"}}})
    assert not result.errors, result.errors
    cache = result.manifest["cache"]
    return result["o"], cache["calls"] - cache["hits"]


@pytest.fixture(params=list(URLS))
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Site]:
    yield from make_site(tmp_path, monkeypatch, request.param)


def make_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, more: str = "") -> Iterator[Site]:
    monkeypatch.setattr(installed_point, "_SETTLED_NS", -(10**15))  # the files have just been written
    made = Site(tmp_path, way, more)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with restored_modules():
        yield made


def test_a_cached_run_imports_no_plugin(site: Site) -> None:
    with site.open() as studio:
        first = run(studio, a=1)
        assert is_imported()

    with site.open() as studio:
        second = run(studio, a=1)
        row = next(row for row in studio.registry.plugins if row.name == NAME)

    assert (first, second) == ((101, 1), (101, 0))
    assert not is_imported()
    assert NAME not in sys.modules
    assert (row.status, row.node_types, row.hooks) == (
        "ok", ["one.add", "one.check", "one.count", "one.wait"], ["studio_node_types"]
    )  # fmt: skip


def test_what_must_run_runs_whatever_its_node_type_is(site: Site) -> None:
    site.load()
    with site.open() as studio:
        assert studio.registry.node_types["one.add"].batch is not None
        results = [run(studio, a=2), run(studio, "one.count", to=2), run(studio, "one.wait")]
        stacked = studio.run({
            "studio": 1,
            "nodes": {"n": {"type": "one.add", "inputs": {"a": [5, 6, 7]}}},
            "outputs": {"o": {"from": "n"}},
        })  # fmt: skip

    assert results == [(102, 1), ([0, 1], 1), (5, 1)]
    assert stacked["o"] == [105, 106, 107]


def test_a_node_of_an_old_version_is_read_as_ever(site: Site) -> None:
    site.load()
    with site.open() as studio:
        assert run(studio, version="1.0", x=4) == (108, 1)


@pytest.mark.parametrize("inputs", [{"word": "wrong"}, {"a": 13}])
def test_mistakes_are_found_before_a_run(site: Site, inputs: dict[str, Any]) -> None:
    site.load()
    node = {"type": "one.check", "inputs": inputs}
    with site.open() as studio:
        graph = studio.load({"studio": 1, "nodes": {"n": node}, "outputs": {"o": {"from": "n"}}})

        findings = studio.validate(graph)

    assert [finding.code for finding in findings] == ["E512"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("nodes.py", "Add a number.", "Sum of numbers."),
        ("nodes.py", "a + TABLE", "a+TABLE "),
        ("table.json", "100", "2"),
    ],
)
def test_any_edit_makes_declarations_new(site: Site, file: str, old: str, new: str) -> None:
    site.load()
    path = site.folder / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with site.open() as studio:
        imported = is_imported() if studio.registry else False
        summary = studio.registry.node_types["one.add"].summary
    with site.open() as studio:
        again = studio.registry.node_types["one.add"].summary

    assert imported
    assert summary == again == (new if new.startswith("Sum") else "Add a number.")


def test_an_edit_of_code_that_is_not_a_release_makes_results_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        with site.open() as studio:
            run(studio, a=1)
        (site.folder / "table.json").write_text("300", encoding="utf-8")

        with site.open() as studio:
            edited = run(studio, a=1)
        with site.open() as studio:
            again = run(studio, a=1)

        assert (edited, again) == ((301, 1), (301, 0))


def test_another_version_or_another_entry_point_is_found_at_once(site: Site) -> None:
    site.load()
    info = site.folder.parent / f"{NAME}-1.0.dist-info"
    (info / "entry_points.txt").write_text(f"[studio]\nother = {NAME}\n", encoding="utf-8")
    with site.open() as studio:
        names = {row.name: row.version for row in studio.registry.plugins}
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 2.0\n", encoding="utf-8")
    info.rename(info.with_name(f"{NAME}-2.0.dist-info"))
    with site.open() as studio:
        later = {row.name: row.version for row in studio.registry.plugins}

    assert (names["other"], later["other"]) == ("1.0", "2.0")
    assert NAME not in names


def test_a_plugin_that_changes_before_it_is_imported_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        site.load()
        with site.open() as studio:
            function = studio.registry.node_types["one.add"].function
            (site.folder / "table.json").write_text("300", encoding="utf-8")

            with pytest.raises(PluginError, match=r"E211.*table\.json"):
                function(None)


def test_a_plugin_that_is_in_memory_is_asked_itself(site: Site) -> None:
    site.load()

    with site.open(fresh=False) as studio:
        function = studio.registry.node_types["one.add"].function

    assert function is sys.modules[f"{NAME}.nodes"].add


def test_an_observer_is_imported_and_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable", OBSERVED):
        with site.open() as studio:
            run(studio, a=1)

        with site.open() as studio:
            run(studio, a=1)

        assert "NodeCached" in sys.modules[NAME].SEEN
        assert not is_imported()


@pytest.fixture(params=list(URLS))
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site whose plugin has settings."""
    for site in make_site(tmp_path, monkeypatch, request.param):
        (site.folder / "__init__.py").write_text(SETTLED_INIT + SETTINGS, encoding="utf-8")
        (site.folder / "settled.py").write_text(SETTLED_NODES, encoding="utf-8")
        yield site


def test_node_types_with_settings_are_kept_without_their_values(settled: Site) -> None:
    with settled.open(plugins={"tried_one": {"level": 3}}) as studio:
        first = run(studio, "one.scale", a=2)

    with settled.open(plugins={"tried_one": {"level": 3}}) as studio:
        same = run(studio, "one.scale", a=2)
        assert not is_imported()
    with settled.open(plugins={"tried_one": {"level": 5}}) as studio:
        assert studio.registry.node_types["one.scale"].settings == {"setting level": "5"}
        assert not is_imported()
        other = run(studio, "one.scale", a=2)
        stacked = studio.run({
            "studio": 1,
            "nodes": {"n": {"type": "one.scale", "inputs": {"a": [5, 6, 7]}}},
            "outputs": {"o": {"from": "n"}},
        })  # fmt: skip
        home = run(studio, "one.name")

    assert (first, same, other) == ((6, 1), (6, 0), (10, 1))
    assert stacked["o"] == [25, 30, 35]
    assert home == ("tried_one 5", 1)


def test_settings_of_a_kept_plugin_are_checked_as_ever(settled: Site) -> None:
    settled.load()

    with settled.open(plugins={"tried_one": {"level": "high"}}) as studio:
        (row,) = (row for row in studio.registry.plugins if row.name == NAME)

    assert (row.status, "plugins.tried_one.level" in row.problem) == ("failed", True)
    with settled.open(plugins={"tried_one": {"level": 4}}) as studio:
        (row,) = (row for row in studio.registry.plugins if row.name == NAME)
        assert (row.status, [setting["value"] for setting in row.settings]) == ("ok", [4])
        assert not is_imported()


def test_a_plugin_that_depends_on_the_machine_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable", HOME):
        site.load()

        with site.open() as studio:
            check_rows(studio)

        assert is_imported()


def test_a_plugin_that_fails_fails_each_time(site: Site) -> None:
    (site.folder / "table.json").write_text("{", encoding="utf-8")

    for _ in range(2):
        with site.open() as studio:
            (row,) = (row for row in studio.registry.plugins if row.name == NAME)
            assert (row.status, "JSONDecodeError" in row.problem) == ("failed", True)


def test_a_disabled_plugin_stays_out(site: Site) -> None:
    site.load()

    with site.open(disabled_plugins=(NAME,)) as studio:
        (row,) = (row for row in studio.registry.plugins if row.name == NAME)
        assert row.status == "disabled"
        assert "one.add" not in studio.registry.node_types


# -- the file --------------------------------------------------------------------------------------------


def sign(content: Any) -> bytes:
    """Return the text of a file as Studio writes it."""
    data = json.dumps(content).encode()
    return blake3(data).hexdigest().encode() + b"\n" + data


def change_provided(path: Path, **changes: Any) -> bytes:
    """Return the file with other declarations."""
    content = json.loads(path.read_bytes().partition(b"\n")[2])
    content["plugins"][NAME]["provided"] |= changes
    return sign(content)


BROKEN = [
    b"",
    b"\n",
    b"{}",
    b"[" * 100_000,
    b"\xff\xfe",
    sign([]),
    sign({"format": 1}),
    sign({"format": 99, "points": [], "plugins": {}}),
    sign({"format": 1, "points": [{"name": 3}], "plugins": {}}),
    sign({"format": 1, "points": 5, "plugins": []}),
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        site.load()
        (kept,) = site.list_kept()
        kept.write_bytes(text)

        site.load()
        with site.open() as studio:
            assert "one.add" in studio.registry.node_types
            assert not is_imported()


@pytest.mark.parametrize(
    "changes",
    [
        {"node_types": 3},
        {"node_types": [{}]},
        {"node_types": [{"id": "one.add"}]},
        {"models": []},
        {"models": {"x": "/nowhere"}},
        {"hooks": None},
    ],
)
def test_declarations_that_are_none_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        site.load()
        (kept,) = site.list_kept()
        kept.write_bytes(change_provided(kept, **changes))

        with site.open() as studio:
            check_rows(studio)
            assert run(studio, a=1) == (101, 1)
        with site.open() as studio:
            assert run(studio, a=1) == (101, 0)
            assert not is_imported()


def test_a_changed_byte_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        site.load()
        (kept,) = site.list_kept()
        kept.write_bytes(kept.read_bytes().replace(b"Add a number.", b"Sub a number."))

        with site.open() as studio:
            assert studio.registry.node_types["one.add"].summary == "Add a number."


def test_where_nothing_can_be_kept_plugins_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        site.cache.mkdir()
        (site.cache / "plugins").write_text("not a folder", encoding="utf-8")

        site.load()
        site.load()

        assert is_imported()


def test_a_studio_without_a_cache_on_disk_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        with Studio(Settings(cache_dir=site.cache, device="cpu"), on_disk=False) as studio:
            check_rows(studio)

        assert site.list_kept() == []


def test_a_studio_can_be_asked_to_import_all_plugins(site: Site) -> None:
    site.load()
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]

    with Studio(Settings(cache_dir=site.cache, device="cpu"), import_plugins=True) as studio:
        check_rows(studio)

    assert is_imported()


def test_files_of_environments_that_are_gone_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        (site.cache / "plugins").mkdir(parents=True)
        for number in range(20):
            (site.cache / "plugins" / f"{number}.json").write_text("", encoding="utf-8")

        site.load()

        assert len(site.list_kept()) == 8


def test_processes_at_once_keep_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in make_site(tmp_path, monkeypatch, "editable"):
        code = (
            f"import sys; sys.path.insert(0, {str(site.folder.parent)!r})\n"
            "from pathlib import Path; from studio.app import Studio; from studio.settings import Settings\n"
            f"studio = Studio(Settings(cache_dir=Path({str(site.cache)!r}), device='cpu'))\n"
            "print([row.problem for row in studio.registry.plugins if row.status != 'ok'], "
            "'one.add' in studio.registry.node_types)\n"
        )
        started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]

        printed = [process.communicate(timeout=120)[0] for process in started]

        assert printed == ["[] True\n"] * 3
        (kept,) = site.list_kept()
        digest, _, data = kept.read_bytes().partition(b"\n")
        assert digest.decode() == blake3(data).hexdigest()


# -- the environment -------------------------------------------------------------------------------------


def test_another_studio_or_another_python_is_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    own = name_environment(Provider("studio", "1.0"))

    others = [name_environment(Provider("studio", "1.1"))]
    monkeypatch.setattr(sys, "version", "3.99.0 (main)")
    others.append(name_environment(Provider("studio", "1.0")))

    assert own is not None
    assert len({own, *others}) == 3


def test_distributions_that_come_and_go_change_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Provider("studio", "1.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = [name_environment(studio)]

    write_distribution(tmp_path, "tried", url=None)
    names.append(name_environment(studio))
    entries = tmp_path / "tried-1.0.dist-info/entry_points.txt"
    entries.write_text("[studio]\nx = tried\n", encoding="utf-8")
    names.append(name_environment(studio))
    (tmp_path / "a file of no distribution").write_text("", encoding="utf-8")

    assert len(set(names)) == 3
    assert name_environment(studio) == names[-1]


def test_finders_of_others_may_know_more(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_spec(self, *_: Any) -> None:
            return None

        def find_distributions(self, *_: Any) -> list[Any]:
            return []

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])

    assert name_environment(Provider("studio", "1.0")) is None
