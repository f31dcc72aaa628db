"""Settings of plugins: declared and typed by the plugin, part of fingerprints where they count, and never secret."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
from fakes import get_error, graph

from studio.api import (
    Batch,
    Context,
    Field,
    ModelOpener,
    PluginHome,
    PluginSettings,
    Secret,
    StudioError,
    Unkeyed,
    hookimpl,
    node,
)
from studio.app import RunResult, Studio, read_settings
from studio.errors import StudioWarning
from studio.redaction import RedactedStream
from studio.registry import PluginRow, load_registry
from studio.settings import Settings

KEY = "sk-live-0123456789"


@dataclass(frozen=True)
class TintSettings(PluginSettings):
    """Settings of tints."""

    strength: Annotated[float, Field(ge=0, le=1)] = 0.5
    mode: Literal["soft", "hard"] = "soft"
    names: list[str] | None = None
    threads: Annotated[int, Unkeyed] = 4
    key: Secret | None = None


@node("tint.measure")
def measure(ctx: Context, number: int, *, settings: TintSettings) -> float:
    """Multiply a number by the strength."""
    return number * settings.strength


@node("tint.plain")
def plain(ctx: Context, number: int) -> int:
    """Return a number."""
    return number


def _measure_all(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    return [call["number"] * call["settings"].strength for call in calls]


@node("tint.stacked", batch=Batch(_measure_all))
def measure_stacked(ctx: Context, number: int, settings: TintSettings) -> float:
    """Multiply numbers by the strength."""
    return number * settings.strength


@node("tint.stream")
def stream(ctx: Context, number: int, settings: TintSettings) -> Iterator[float]:
    """Yield a number and its product."""
    yield from (float(number), number * settings.strength)


@node("tint.remember", cache="never")
def remember(ctx: Context, text: str, home: PluginHome) -> str:
    """Write a text into the data folder."""
    (home.data_dir / "note.txt").write_text(text, encoding="utf-8")
    return home.name


@node("tint.leak")
def leak(ctx: Context, how: str, settings: TintSettings) -> str:
    """Try to let the secret out."""
    assert settings.key is not None
    if how == "raise":
        raise ValueError(f"401 for key {settings.key.reveal()}")
    if how == "refuse":
        raise StudioError("TINT1", f"no: {settings.key.reveal()}", hint=settings.key.reveal())
    if how == "log":
        ctx.log(f"used {settings.key.reveal()}")
    return settings.key.reveal() if how == "return" else f"{settings.key} {settings.key!r}"


FUNCTIONS = [measure, plain, measure_stacked, stream, remember, leak]
PLUGIN = SimpleNamespace(studio_settings=hookimpl(lambda: TintSettings), studio_node_types=hookimpl(lambda: FUNCTIONS))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with a data folder and no configuration."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").touch()
    return tmp_path


def load(plugin: Any = PLUGIN, name: str = "studio-tint", **tables: Any) -> PluginRow:
    (row,) = load_registry(plugins=[(name, plugin)], discover=False, settings=tables).plugins
    return row


def open_studio(home: Path, **settings: Any) -> Studio:
    made = Settings(cache_dir=home / "cache", device="cpu", plugins={"tint": settings})
    return Studio(made, plugins=[("studio-tint", PLUGIN)], discover=False)


def run(home: Path, type_name: str, inputs: Mapping[str, Any], **settings: Any) -> RunResult:
    with open_studio(home, **settings) as studio:
        return studio.run(graph({"a": (type_name, inputs)}, o="a"), output=home / "out")


# -- reading -----------------------------------------------------------------------------------------


def find_values(row: PluginRow) -> dict[str, Any]:
    assert row.status == "ok", row.problem
    return {setting["name"]: setting["value"] for setting in row.settings}


def test_settings_have_the_defaults_that_the_plugin_declares() -> None:
    assert find_values(load()) == {"strength": 0.5, "mode": "soft", "names": None, "threads": 4, "key": None}


@pytest.mark.parametrize("table", ["tint", "studio-tint", "studio_tint"])
def test_settings_come_from_the_table_of_the_plugin(table: str) -> None:
    found = find_values(load(**{table: {"strength": 1, "mode": "hard", "names": ["a"]}}))

    assert (found["strength"], found["mode"], found["names"]) == (1.0, "hard", ["a"])


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PLUGINS_TINT_STRENGTH", "0.25")
    monkeypatch.setenv("STUDIO_PLUGINS_TINT_NAMES", '["x", "y"]')

    found = find_values(load(tint={"strength": 1}))

    assert (found["strength"], found["names"]) == (0.25, ["x", "y"])


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"strenght": 1}, "E210 unknown setting plugins.tint.strenght (did you mean 'strength'?)"),
        ({"zzz": 1}, "E210 unknown setting plugins.tint.zzz (its settings are: strength, mode, names, threads, key)"),
        ({"strength": 7}, "E210 invalid setting plugins.tint.strength: expected a number <= 1, found 7.0"),
        ({"strength": "much"}, "E210 invalid setting plugins.tint.strength: expected a number, found 'much'"),
        ({"mode": "loud"}, "E210 invalid setting plugins.tint.mode: expected one of 'soft', 'hard', found 'loud'"),
        ({"key": 123456}, "E210 invalid setting plugins.tint.key: expected text (correct it)"),
    ],
)
def test_a_wrong_setting_fails_the_plugin_and_is_named(home: Path, table: dict[str, Any], problem: str) -> None:
    row = load(tint=table)

    assert row.status == "failed"
    assert row.problem.startswith(problem)
    assert row.where == str(home / "config.toml")


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PLUGINS_TINT_STRENGTH", "much")

    row = load()

    assert "invalid setting plugins.tint.strength" in row.problem
    assert row.where == "STUDIO_PLUGINS_TINT_STRENGTH"


def test_a_misspelt_variable_is_an_error_and_one_of_another_plugin_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PLUGINS_TINT_TWICE_AMOUNT", "7")
    assert find_values(load())["strength"] == 0.5

    monkeypatch.setenv("STUDIO_PLUGINS_TINT_STRENGHT", "7")
    row = load()

    assert "unknown setting plugins.tint.strenght" in row.problem
    assert "did you mean 'strength'" in row.problem
    assert row.where == "STUDIO_PLUGINS_TINT_STRENGHT"


def test_a_missing_setting_says_where_to_write_it() -> None:
    @dataclass(frozen=True)
    class Needy(PluginSettings):
        """Settings without defaults."""

        key: Secret

    row = load(SimpleNamespace(studio_settings=hookimpl(lambda: Needy)))

    assert "E210 missing setting plugins.tint.key" in row.problem
    assert "write it below [plugins.tint] in config.toml, or set STUDIO_PLUGINS_TINT_KEY" in row.problem


def test_an_authors_own_check_fails_the_plugin_with_its_words() -> None:
    @dataclass(frozen=True)
    class Picky(PluginSettings):
        """Settings that look at themselves."""

        key: Secret | None = None

        def __post_init__(self) -> None:
            if self.key is not None:
                raise ValueError(f"no such key: {self.key.reveal()}")

    row = load(SimpleNamespace(studio_settings=hookimpl(lambda: Picky)), tint={"key": KEY})

    assert "E210 invalid settings of plugin 'tint': ValueError: no such key: ***" in row.problem


def test_settings_of_a_plugin_without_any_are_refused() -> None:
    assert (
        "E210 unknown setting plugins.tint.a (the plugin has no settings)"
        in load(SimpleNamespace(), tint={"a": 1}).problem
    )


def test_a_table_with_nearly_the_name_of_a_plugin_is_a_warning_and_others_are_for_other_machines() -> None:
    with pytest.warns(StudioWarning, match=r"\[plugins.tnit\] .* not installed; did you mean \[plugins.tint\]"):
        assert load(tnit={}).status == "ok"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(aquarelle={"a": 1}).status == "ok"


@dataclass
class Open(PluginSettings):
    """Settings that can be changed."""


@dataclass(frozen=True)
class Odd(PluginSettings):
    """Settings of a type that none has."""

    folder: Path = Path()


@pytest.mark.parametrize(("declared", "words"), [
    (dict, "dict is not a dataclass of settings"), (Open, "the settings Open can be changed"),
    (Odd, "setting 'folder' of Odd: "),
])  # fmt: skip
def test_what_is_no_declaration_of_settings_fails_the_plugin(declared: Any, words: str) -> None:
    assert f"E206 {words}" in load(SimpleNamespace(studio_settings=hookimpl(lambda: declared))).problem


def test_a_node_type_that_takes_settings_which_the_plugin_does_not_have_fails_it() -> None:
    row = load(SimpleNamespace(studio_node_types=hookimpl(lambda: [measure])))

    assert "'settings' takes TintSettings, which studio_settings does not return" in row.problem


# -- in node types -----------------------------------------------------------------------------------


def test_settings_are_no_input_of_a_graph(home: Path) -> None:
    with open_studio(home) as studio:
        node_type = studio.registry.node_types["tint.measure"]

        assert list(node_type.inputs) == ["number"]
        findings = studio.validate(studio.load(graph({"a": ("tint.measure", {"number": 1, "settings": 1})}, o="a")))
    assert [finding.code for finding in findings] == ["E110"]


@pytest.mark.parametrize(("type_name", "result"), [
    ("tint.measure", 2.5), ("tint.stacked", 2.5), ("tint.stream", [10.0, 2.5]),
])  # fmt: skip
def test_a_node_gets_its_settings(home: Path, type_name: str, result: Any) -> None:
    assert run(home, type_name, {"number": 10}, strength=0.25)["o"] == result


def test_a_node_type_is_a_plain_function_in_a_test() -> None:
    from studio.testing import TestContext

    assert measure(TestContext(), 4, settings=TintSettings(strength=1.0)) == 4.0


def test_a_setting_that_counts_makes_another_result_and_one_that_does_not_makes_none_anew(home: Path) -> None:
    assert run(home, "tint.measure", {"number": 10}, strength=0.25)["o"] == 2.5
    again = run(home, "tint.measure", {"number": 10}, strength=0.25, threads=9, key=KEY)
    other = run(home, "tint.measure", {"number": 10}, strength=0.75)

    assert (again["o"], again.manifest["cache"]["hits"]) == (2.5, 1)
    assert (other["o"], other.manifest["cache"]["hits"]) == (7.5, 0)


def test_a_node_type_without_settings_is_not_made_anew_for_another_setting(home: Path) -> None:
    run(home, "tint.plain", {"number": 10}, strength=0.25)

    assert run(home, "tint.plain", {"number": 10}, strength=0.75).manifest["cache"]["hits"] == 1


def test_explain_names_the_setting_that_differs(home: Path) -> None:
    document = graph({"a": ("tint.measure", {"number": 10})}, o="a")
    run(home, "tint.measure", {"number": 10}, strength=0.25, key=KEY)

    with open_studio(home, strength=0.75, key=KEY) as studio:
        (row,) = studio.explain(studio.load(document))

    assert row.changed == {"setting strength": ("0.75", "0.25")}


@node("tint.scale", version="1.0", code=1)
def scale(ctx: Context, number: float, *, settings: TintSettings) -> float:
    """Scale a number by the strength.

    Args:
        number: The number that is scaled.
    """
    return number * settings.strength


def test_the_kit_checks_a_node_type_that_takes_settings() -> None:
    from studio.testing import check_node_type

    assert " 0 failed" in str(check_node_type(scale, number=3.0))


# -- a data folder -----------------------------------------------------------------------------------


def test_a_plugin_has_a_data_folder_of_its_own(home: Path) -> None:
    result = run(home, "tint.remember", {"text": "hello"})

    assert result["o"] == "tint"
    assert (home / "data/studio/plugins/tint/note.txt").read_text(encoding="utf-8") == "hello"


def test_a_setting_says_where_plugins_keep_data(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DATA_DIR", str(home / "elsewhere"))

    with Studio(read_settings(cache_dir=home / "cache"), plugins=[("studio-tint", PLUGIN)], discover=False) as studio:
        studio.run(graph({"a": ("tint.remember", {"text": "hello"})}, o="a"))

    assert (home / "elsewhere/tint/note.txt").read_text(encoding="utf-8") == "hello"
    assert not (home / "data/studio/plugins").exists()


def test_hooks_get_the_data_folder_and_the_settings(home: Path) -> None:
    seen: list[PluginHome] = []

    def provide(home: PluginHome) -> dict[str, Path]:
        seen.append(home)
        return {"small": home.data_dir / "small.safetensors"}

    def provide_openers(home: PluginHome) -> list[ModelOpener]:
        seen.append(home)
        return []

    load(SimpleNamespace(
        studio_settings=hookimpl(lambda: TintSettings), studio_models=hookimpl(provide),
        studio_model_openers=hookimpl(provide_openers),
    ), tint={"strength": 0.1})  # fmt: skip

    assert [one.data_dir for one in seen] == [home / "data/studio/plugins/tint"] * 2
    assert seen[0].settings.strength == 0.1


# -- secrets -----------------------------------------------------------------------------------------


def read_everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("how", ["raise", "refuse", "log", "return", "print"])
def test_a_secret_is_in_no_message_no_file_and_no_fingerprint(home: Path, how: str) -> None:
    events: list[Any] = []
    with open_studio(home, key=KEY) as studio:
        document = graph({"a": ("tint.leak", {"how": how})}, o="a")
        result = studio.run(document, output=home / "out", on_event=events.append)
        shown = json.dumps([vars(row) for row in studio.registry.plugins], default=str) + repr(studio.settings)

    assert KEY not in json.dumps(result.manifest, default=str)
    assert KEY not in repr(events)
    assert KEY not in shown
    assert KEY.encode() not in read_everything(home)
    for error in result.errors:
        assert KEY not in json.dumps(error.to_json()) + str(error) + repr(error)
        assert "***" in str(error) or "it contains a secret" in str(error)
    assert (how in ("raise", "refuse", "return")) == bool(result.errors)


def test_a_node_that_returns_a_secret_fails(home: Path) -> None:
    error = get_error(run(home, "tint.leak", {"how": "return"}, key=KEY))

    assert error.code == "E302"
    assert "output 'text': it contains a secret" in error.message


def test_a_secret_comes_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PLUGINS_TINT_KEY", "12345678")

    assert find_values(load())["key"] == "***"


def test_a_hook_that_raises_with_a_secret_does_not_show_it() -> None:
    def provide(home: PluginHome) -> dict[str, Path]:
        raise ValueError(f"no access with {home.settings.key.reveal()}")

    plugin = SimpleNamespace(studio_settings=hookimpl(lambda: TintSettings), studio_models=hookimpl(provide))
    row = load(plugin, tint={"key": KEY})

    assert row.problem.startswith("ValueError: no access with ***")


def test_what_a_node_prints_shows_no_secret() -> None:
    written = io.StringIO()
    Secret(KEY)

    print("the key", KEY, file=RedactedStream(written))  # type: ignore[arg-type]  # it has what print needs

    assert written.getvalue() == "the key ***\n"


def test_a_user_without_a_home_has_plugins_and_no_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(Path, "home", classmethod(lambda cls: (_ for _ in ()).throw(RuntimeError("no home"))))
    seen: list[PluginHome] = []
    plugin = SimpleNamespace(studio_models=hookimpl(lambda home: seen.append(home) or {}))

    assert load(plugin).status == "ok"
    with pytest.raises(StudioError, match="E001 HOME: this user has no home folder"):
        _ = seen[0].data_dir


def test_a_secret_shows_itself_to_those_only_who_ask() -> None:
    secret = Secret(KEY)

    assert KEY not in f"{secret} {secret!r} {TintSettings(key=secret)}"
    assert secret.reveal() == KEY
    assert str(StudioError("X1", f"found {KEY}!")) == "X1 found ***!"
