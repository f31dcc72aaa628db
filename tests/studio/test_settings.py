"""Settings: defaults, configuration file, environment, arguments, and mistakes in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.app import read_settings
from studio.errors import UsageError
from studio.settings import (
    SettingProblem,
    find_data_folder,
    find_reports_folder,
    load_settings,
    parse_bool,
    parse_bytes,
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the configuration file would lie, on a machine without settings."""
    for name in [name for name in os.environ if name.startswith(("STUDIO_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "studio").mkdir()
    return tmp_path / "studio/config.toml"


def test_without_anything_there_are_defaults(config: Path) -> None:
    settings = load_settings()

    assert settings.cache_dir == config.parent.parent / "home/.cache/studio"
    assert (settings.device, settings.dtype, settings.download) == ("auto", "auto", False)
    assert settings.cpu_workers == os.cpu_count()


def test_the_cache_follows_the_desktop_standard(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")

    assert load_settings().cache_dir == Path("/caches/studio")


def test_the_file_the_environment_and_the_caller_win_in_this_order(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('device = "cpu"\ndtype = "float16"\nworkers = 3\ncache_bytes = "2GB"\n', encoding="utf-8")
    monkeypatch.setenv("STUDIO_DTYPE", "bfloat16")
    monkeypatch.setenv("STUDIO_WORKERS", "4")

    settings = load_settings(workers=5, device=None)

    assert (settings.device, settings.dtype, settings.workers) == ("cpu", "bfloat16", 5)
    assert settings.cache_bytes == 2 * 10**9


def test_an_empty_variable_is_no_setting(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE_DIR", "")

    assert load_settings().cache_dir.name == "studio"


def test_a_home_is_found(config: Path) -> None:
    config.write_text('cache_dir = "~/mine"', encoding="utf-8")

    assert load_settings().cache_dir == config.parent.parent / "home/mine"


def test_another_file_may_be_named(config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config.write_text('device = "mps"', encoding="utf-8")
    (tmp_path / "other.toml").write_text('device = "cpu"', encoding="utf-8")
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "other.toml"))

    assert load_settings().device == "cpu"


def test_a_configuration_that_the_environment_names_and_that_is_missing_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STUDIO_CONFIG", str(tmp_path / "gone.toml"))

    with pytest.raises(SettingProblem, match="No such file or directory") as caught:
        load_settings()
    assert caught.value.hint == "STUDIO_CONFIG names this file: correct or unset it"


def test_limits_of_media_are_read(config: Path) -> None:
    config.write_text("[media]\nmax_pixels = 1000\n", encoding="utf-8")

    media = load_settings().media

    assert (media.max_pixels, media.max_side) == (1000, 65_535)


@pytest.mark.parametrize(("text", "message"), [
    ("device = ", "cannot read the configuration"),
    ("\x00", "cannot read the configuration"),
    ('devise = "cpu"', "unknown setting 'devise'"),
    ("device = 5", "not a text"),
    ('cache_dir = ""', "not a text"),
    ("cache_dir = 5", "not a text"),
    ('cache_dir = "~nobody-of-this-name/x"', "home"),
    ('cache_bytes = "much"', "not a size"),
    ("cache_bytes = -1", "not a size"),
    ("cache_bytes = true", "not a size"),
    ("cache_bytes = nan", "not a size"),
    ("workers = 1.5", "not a count"),
    ("workers = -1", "not a count"),
    ("workers = true", "not a count"),
    ('workers = "two"', "not a count"),
    ('download = "perhaps"', "neither true nor false"),
    ("[device]\na = 1", "not a text"),
    ("media = 5", "invalid media = 5"),
    ("[media]\nmax_pixels = 0", "invalid limit media.max_pixels = 0"),
    ("[media]\nmax_pixels = nan", "invalid limit"),
    ("[media]\nmax_pixels = inf", "invalid limit"),
    ("[media]\nmax_pixels = true", "invalid limit"),
    ('[media]\nmax_pixels = "all"', "invalid limit"),
    ("[media]\nmax_smell = 1", "unknown limit media.max_smell"),
])  # fmt: skip
def test_a_mistake_in_the_file_names_the_file(config: Path, text: str, message: str) -> None:
    config.write_text(text, encoding="utf-8")

    with pytest.raises(SettingProblem, match=message) as problem:
        load_settings()

    assert problem.value.where == str(config)


def test_a_mistake_in_a_variable_names_the_variable(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE_BYTES", "much")

    with pytest.raises(UsageError) as error:
        read_settings()

    assert str(error.value).startswith("E001 STUDIO_CACHE_BYTES: invalid cache_bytes = 'much': not a size")


def test_a_named_file_that_is_not_there_is_a_mistake(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CONFIG", "/nowhere/config.toml")

    with pytest.raises(UsageError, match=r"/nowhere/config\.toml"):
        read_settings()


@pytest.mark.parametrize(("text", "size"), [
    (5000, 5000), ("5000", 5000), ("512MiB", 512 * 2**20), ("20 GB", 20 * 10**9), ("1.5k", 1536), ("0", 0), ("7b", 7),
    ("1TiB", 2**40), ("2g", 2**31),
])  # fmt: skip
def test_sizes_are_read_with_units(text: object, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "MiB", "-1", "5 XB", "1e3", "inf", "nan", "5 5", "0x10", "1_000", "9" * 30, "٣", True, None, -1]
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_bytes(text)


def test_words_for_true_and_false() -> None:
    assert [parse_bool(word) for word in ("1", "yes", " ON ", "True")] == [True] * 4
    assert [parse_bool(word) for word in ("0", "no", "off", "FALSE")] == [False] * 4


# -- users without a home ------------------------------------------------------------------------------------


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user as in a container: no HOME, and no entry among the system's users."""

    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("STUDIO_CONFIG", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", fail)


def test_a_user_whose_folders_are_all_set_needs_no_home(
    homeless: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("CACHE", "MODELS", "HUB"):
        monkeypatch.setenv(f"STUDIO_{name}_DIR", str(tmp_path / name))

    assert load_settings().cache_dir == tmp_path / "CACHE"


def test_a_user_without_a_home_has_folders_that_do_not_exist(homeless: None) -> None:
    settings = load_settings()

    for folder in (settings.cache_dir, settings.models_dir, settings.hub_dir):
        with pytest.raises(NotADirectoryError):
            folder.mkdir(parents=True)
    with pytest.raises(RuntimeError):
        find_reports_folder()
    assert find_data_folder("grain") is None


def test_reports_go_where_a_user_keeps_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)

    assert find_reports_folder() == tmp_path / ".local" / "state" / "studio" / "reports"


def test_an_unknown_setting_suggests_the_nearest(config: Path) -> None:
    config.write_text('devise = "cpu"\n')

    with pytest.raises(SettingProblem, match="unknown setting 'devise'") as caught:
        load_settings()

    assert caught.value.hint == "did you mean 'device'?"


def test_disabled_plugins_are_a_list_in_the_file_and_separated_by_commas_in_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('disabled_plugins = ["a", "b"]\n')
    assert load_settings().disabled_plugins == ("a", "b")

    monkeypatch.setenv("STUDIO_DISABLED_PLUGINS", "c, d")
    assert load_settings().disabled_plugins == ("c", "d")


@pytest.mark.parametrize("line", ["disabled_plugins = 3", "disabled_plugins = [3]", 'disabled_plugins = [""]'])
def test_disabled_plugins_that_are_no_names_are_refused(config: Path, line: str) -> None:
    config.write_text(line)

    with pytest.raises(SettingProblem, match="invalid disabled_plugins"):
        load_settings()


def test_settings_of_plugins_are_tables_and_are_not_shown(config: Path) -> None:
    config.write_text('[plugins.tint]\nkey = "hush"\n')

    settings = load_settings()

    assert settings.plugins == {"tint": {"key": "hush"}}
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("text", ["plugins = 3", "[plugins]\ntint = 3"])
def test_settings_of_plugins_that_are_no_tables_are_refused(config: Path, text: str) -> None:
    config.write_text(text)

    with pytest.raises(SettingProblem, match="invalid plugins") as caught:
        load_settings()

    assert "[plugins.NAME]" in caught.value.hint


def test_settings_of_credentials_are_read(config: Path) -> None:
    config.write_text(
        """[credentials]
sign = true
key = "~/key.pem"
timestamp_authority = "http://time.example"
""",
        encoding="utf-8",
    )

    found = load_settings().credentials

    assert (found.sign, found.strip, found.certificate) == (True, False, None)
    assert found.key == config.parent.parent / "home/key.pem"
    assert found.folder == config.parent.parent / "home/.local/share/studio/credentials"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("credentials = 7", "invalid credentials = 7"),
        ("[credentials]\nsing = true", "unknown setting credentials.sing"),
        ('[credentials]\nsign = "yes"', "invalid credentials.sign = 'yes'"),
        ("[credentials]\nkey = 7", "invalid credentials.key = 7"),
        ('[credentials]\nkey = ""', "invalid credentials.key = ''"),
        ('[credentials]\npassphrase = "sesame"', "unknown setting credentials.passphrase"),
    ],
)
def test_a_mistake_in_settings_of_credentials_is_named(config: Path, text: str, message: str) -> None:
    config.write_text(text, encoding="utf-8")

    with pytest.raises(SettingProblem, match=message) as raised:
        load_settings()

    assert raised.value.hint
