"""Settings: the only reader of environment variables and configuration files.

Order, last wins: built-in defaults, `config.toml` in the user's configuration folder (or the file that
`STUDIO_CONFIG` names), environment variables `STUDIO_<NAME>`, then what a command or a caller passes.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from studio.cores import count_cores
from studio.suggestion import find_nearest, suggest


class SettingProblem(ValueError):
    """An invalid setting; `app` turns it into the UsageError that a user reads."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.where = where
        self.hint = hint


_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([a-z]*)")
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


_NO_HOME = Path("/dev/null/no home")
"""The home of a user who has none. Nobody can make it, not even root, and all works that keeps nothing there."""


def _find_home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return _NO_HOME


def _lacks_home(folder: Path) -> bool:
    return folder.is_relative_to(_NO_HOME)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or _find_home() / ".cache") / "studio"


def _models_folder() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or _find_home() / ".local" / "share") / "studio" / "models"


def _data_folder() -> Path:
    return _models_folder().parent / "plugins"


def _hub_folder() -> Path:
    """Return where the libraries of Hugging Face keep what they download."""
    if os.environ.get("HF_HUB_CACHE"):
        return Path(os.environ["HF_HUB_CACHE"]).expanduser()
    home = os.environ.get("HF_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or _find_home() / ".cache")
    return (Path(home).expanduser() if home else cache / "huggingface") / "hub"


def find_config() -> Path | None:
    """Return where the configuration is or would be; None for a user without a home folder."""
    named = os.environ.get("STUDIO_CONFIG")
    if named:
        return Path(named)
    try:
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "studio" / "config.toml"
    except RuntimeError:
        return None


@dataclass(frozen=True)
class MediaLimits:
    """Limits that are checked before a file is decoded, so that a small hostile file cannot fill the memory.

    Attributes:
        max_file_bytes: Bytes of a file.
        max_pixels: Pixels of an image or of a frame of a video, width times height.
        max_side: Columns or rows of an image or of a frame.
        max_audio_seconds: Seconds of audio, at 48 kHz in stereo.
    """

    max_file_bytes: int = 4 * 2**30
    max_pixels: int = 256_000_000
    max_side: int = 65_535
    max_audio_seconds: float = 24 * 3600.0


def find_credentials_folder() -> Path:
    """Return the folder of the user's own key, certificates, and the certificates that the user trusts."""
    return _models_folder().parent / "credentials"


@dataclass(frozen=True)
class CredentialSettings:
    """Whether written files are signed, with what, and how much they tell.

    Attributes:
        sign: Whether files are signed.
        strip: Whether files are written without the graph and its values.
        certificate: PEM file of the certificate and its authorities; None for the folder's own.
        key: PEM file of its private key; None for the folder's own.
        timestamp_authority: Address of an authority that states the time (RFC 3161), or None for no network.
        folder: Folder of the own key, its certificates, and the certificates that are trusted.
    """

    sign: bool = False
    strip: bool = False
    certificate: Path | None = None
    key: Path | None = None
    timestamp_authority: str | None = None
    folder: Path = field(default_factory=find_credentials_folder)

    def __post_init__(self) -> None:
        for name in ("certificate", "key", "folder"):
            path = getattr(self, name)
            if path is not None:  # a node may change the current folder
                object.__setattr__(self, name, Path(os.path.abspath(path)))


@dataclass(frozen=True)
class Settings:
    """What a Studio needs to know about its machine and its user.

    Attributes:
        cache_dir: Folder of the cache.
        cache_bytes: Limit of the cache on disk, in bytes.
        cache_url: Storage of a cache that other machines use too, such as "s3://bucket/prefix", or None.
        memory_bytes: Budget of the cache's in-memory tier, in bytes.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        dtype: "auto", "float32", "float16" or "bfloat16"; "fp32", "fp16" and "bf16" mean the same.
        workers: Threads for CPU work; 0 means one per core.
        plugins_dir: Folder with further plugins, or None.
        disabled_plugins: Names of plugins that are not imported.
        plugins: Settings of plugins, by the plugin's name: tables, or `PluginSettings`. Each plugin checks its own.
        data_dir: Folder where plugins keep data of their own; each has a folder below it.
        models_dir: Folder of what is remembered of models: names that were added, digests, pulls not finished.
        hub_dir: Folder of the hub cache, which other programs use too.
        vram_bytes: Budget for models kept open on an accelerator, in bytes; None for 85 % of what it has.
        ram_bytes: Budget for models kept open in the machine's memory, in bytes; None for half of what it has.
        mark: What is marked invisibly when it is written: "off" for nothing, or "generated" for what a trained model
            made or changed.
        captured_dir: Folder of photos and recordings that cameras and recorders made, or None. A file in it that does
            not say where it comes from counts as captured.
        download: Whether the network may be used.
        max_graph_bytes: A larger graph file is refused.
        media: Bounds for media files.
        credentials: Whether written files are signed, with what, and how much they tell.
    """

    cache_dir: Path = field(default_factory=_cache_folder)
    cache_bytes: int = 20 * 2**30
    cache_url: str | None = None
    memory_bytes: int = 512 * 2**20
    device: str = "auto"
    dtype: str = "auto"
    workers: int = 0
    plugins_dir: Path | None = None
    disabled_plugins: tuple[str, ...] = ()
    plugins: Mapping[str, Any] = field(default_factory=dict, repr=False)  # secrets may be in it
    data_dir: Path = field(default_factory=_data_folder)
    models_dir: Path = field(default_factory=_models_folder)
    hub_dir: Path = field(default_factory=_hub_folder)
    vram_bytes: int | None = None
    ram_bytes: int | None = None
    mark: str = "off"
    captured_dir: Path | None = None
    download: bool = False
    max_graph_bytes: int = 16 * 2**20
    media: MediaLimits = field(default_factory=MediaLimits)
    credentials: CredentialSettings = field(default_factory=CredentialSettings)

    def __post_init__(self) -> None:
        for name in ("cache_dir", "plugins_dir", "data_dir", "models_dir", "hub_dir", "captured_dir"):
            path = getattr(self, name)
            if path is not None:  # a node may change the current folder
                object.__setattr__(self, name, Path(os.path.abspath(path)))
        if self.mark not in MARKS:
            raise SettingProblem(f"invalid mark = {self.mark!r}: expected one of {', '.join(MARKS)}", where="mark")

    @property
    def cpu_workers(self) -> int:
        """Threads for CPU work."""
        return self.workers or count_cores()


MARKS = ("off", "generated")
"""What the setting `mark` may be."""
_TABLES = ("media", "credentials", "plugins")
_PLAIN_SETTINGS = tuple(f.name for f in fields(Settings) if f.name not in _TABLES)
"""Names of the settings that are one value, so that a variable of the environment can hold them."""

_PREFIX = "STUDIO_"

_PASSPHRASE = "STUDIO_CREDENTIALS_PASSPHRASE"

_VARIABLES = (*(f"STUDIO_{name.upper()}" for name in _PLAIN_SETTINGS), "STUDIO_CONFIG", "STUDIO_DEBUG", _PASSPHRASE)


def load_settings(**overrides: Any) -> Settings:
    """Load the settings; keyword arguments that are not None win over file and environment.

    Raises:
        SettingProblem: The file or a variable has an invalid setting.
    """
    values = {name: value for _, name, value in _read_layers()}
    values |= {name: value for name, value in overrides.items() if value is not None}
    return Settings(**values)


def find_origins() -> dict[str, str]:
    """Return for each setting that is not a default where its value comes from: the file, or a variable.

    Raises:
        SettingProblem: The file or a variable has an invalid setting.
    """
    return {name: origin for origin, name, _ in _read_layers()}


def list_unknown_variables() -> list[str]:
    """Return the variables of the environment that begin like Studio's and are none of them."""
    own = (name for name in os.environ if name.startswith("STUDIO_") and not name.startswith("STUDIO_PLUGINS_"))
    return sorted((set(own) | (set(os.environ) & {"STUDIO_PLUGINS_DIR"})) - {*_VARIABLES})


def suggest_variable(name: str) -> str:
    """Return a hint with the variable of Studio's that a name is probably meant for, "" if none is near."""
    near = find_nearest(name.removeprefix(_PREFIX), [known.removeprefix(_PREFIX) for known in _VARIABLES])
    return f"did you mean {_PREFIX + near!r}?" if near is not None else ""


def _read_layers() -> Iterator[tuple[str, str, Any]]:
    """Yield where a setting was found, its name and its value; what comes later wins."""
    path = find_config()
    if path is not None and (path.is_file() or os.environ.get("STUDIO_CONFIG")):
        for name, value in _read_config(path).items():
            yield str(path), name, value
    for name in _PLAIN_SETTINGS:
        variable = f"STUDIO_{name.upper()}"
        text = os.environ.get(variable)
        if text:
            yield variable, name, _parse_setting(name, text, variable)


def _read_config(path: Path) -> dict[str, Any]:
    named = "STUDIO_CONFIG" if os.environ.get("STUDIO_CONFIG") else ""
    hint = f"{named} names this file: correct the file or the variable" if named else "correct the file"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        message = "cannot read the configuration: it is not UTF-8 text"
        raise SettingProblem(message, where=str(path), hint=hint) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingProblem(f"cannot read the configuration: {error}", where=str(path), hint=hint) from None
    except OSError as error:
        message = f"cannot read the configuration: {error.strerror or error}"
        hint = f"{named} names this file: correct or unset it" if named else "check its permissions"
        raise SettingProblem(message, where=str(path), hint=hint) from None
    media, credentials, plugins = (table.pop(name, None) for name in _TABLES)
    values = {name: _parse_setting(name, value, str(path)) for name, value in table.items()}
    if media is not None:
        values["media"] = _parse_media(media, path)
    if credentials is not None:
        values["credentials"] = _parse_credentials(credentials, path)
    if plugins is not None:
        values["plugins"] = _parse_plugins(plugins, path)
    return values


def _parse_plugins(table: Any, path: Path) -> dict[str, dict[str, Any]]:
    """Return the tables `[plugins.NAME]`; each plugin checks its own when it is loaded."""
    if not isinstance(table, dict) or not all(isinstance(own, dict) for own in table.values()):
        hint = "write the settings of a plugin below a line [plugins.NAME]"
        raise SettingProblem("invalid plugins: it is not made of tables", where=str(path), hint=hint)
    return table


def _parse_media(table: Any, path: Path) -> MediaLimits:
    known = {f.name for f in fields(MediaLimits)}
    if not isinstance(table, dict):
        raise SettingProblem(
            f"invalid media = {table!r}", where=str(path), hint="write its limits below a line [media]"
        )
    for name, value in table.items():
        if name not in known:
            hint = suggest(name, known, f"limits are: {', '.join(sorted(known))}")
            raise SettingProblem(f"unknown limit media.{name}", where=str(path), hint=hint)
        if not _is_limit(value):
            raise SettingProblem(
                f"invalid limit media.{name} = {value!r}",
                where=str(path),
                hint="give a positive number",
            )
    return replace(MediaLimits(), **table)


def _parse_credentials(table: Any, path: Path) -> CredentialSettings:
    if not isinstance(table, dict):
        hint = "write its settings below a line [credentials]"
        raise SettingProblem(f"invalid credentials = {table!r}", where=str(path), hint=hint)
    known = {f.name for f in fields(CredentialSettings)}
    found: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            hint = suggest(name, known, f"settings are: {', '.join(sorted(known))}")
            raise SettingProblem(f"unknown setting credentials.{name}", where=str(path), hint=hint)
        kind, wanted = (bool, "true or false") if name in ("sign", "strip") else (str, "a text")
        if not isinstance(value, kind) or value == "" or (isinstance(value, str) and "\0" in value):
            raise SettingProblem(f"invalid credentials.{name} = {value!r}", where=str(path), hint=f"give {wanted}")
        found[name] = Path(str(value)).expanduser() if name in ("certificate", "key", "folder") else value
    return CredentialSettings(**found)


def read_passphrase() -> str | None:
    """Return the passphrase of the key that files are signed with, or None if none is given."""
    return os.environ.get(_PASSPHRASE) or None


def _parse_setting(name: str, value: Any, where: str) -> Any:
    if name not in _PLAIN_SETTINGS:
        known = [*_PLAIN_SETTINGS, *_TABLES]
        hint = suggest(name, known, f"settings are: {', '.join(known)}")
        raise SettingProblem(f"unknown setting {name!r}", where=where, hint=hint)
    try:
        return _parse_value(name, value)
    except (ValueError, RuntimeError) as error:  # RuntimeError: ~user where the user has no home
        raise SettingProblem(f"invalid {name} = {value!r}: {error}", where=where) from None


def _is_limit(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _parse_value(name: str, value: Any) -> Any:
    if name.endswith("_bytes"):
        return parse_bytes(value)
    if name == "workers":
        return _parse_count(value)
    if name == "disabled_plugins":
        return _parse_names(value)
    if name == "download":
        return value if isinstance(value, bool) else parse_bool(str(value))
    if name == "mark" and value not in MARKS:
        raise ValueError(f"expected one of {', '.join(MARKS)}")
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("not a text")
    return Path(value).expanduser() if name.endswith("_dir") else value


def _parse_names(value: Any) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError('not a list of names; write ["a", "b"], or a,b in a variable')
    return tuple(names)


def _parse_count(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise ValueError("not a count; write 0 for one per core")
    return int(text)


def parse_bytes(value: Any) -> int:
    """Parse a size such as 5000, "512MiB" or "20 GB" into bytes; ValueError if it is invalid."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(str(value).strip().lower())
    if found is None or found[2] not in _UNITS:
        raise ValueError("not a size; write it like 512MiB or 20GB")
    return int(float(found[1]) * _UNITS[found[2]])


def parse_bool(text: str) -> bool:
    """Parse yes/no, true/false, on/off or 1/0; ValueError if it is invalid."""
    word = text.strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def find_data_folder(plugin: str, data_dir: Path | None = None) -> Path | None:
    """Return the folder where a plugin keeps data of its own; None for a user without a home folder.

    Args:
        plugin: The plugin's name.
        data_dir: The folder of all plugins' data; None for that of a user without settings.
    """
    folder = data_dir or _data_folder()
    return None if _lacks_home(folder) else folder / plugin


def read_plugin_variable(plugin: str, setting: str) -> str | None:
    """Return what `STUDIO_PLUGINS_<PLUGIN>_<SETTING>` says, or None if it is not set or empty."""
    return os.environ.get(name_plugin_variable(plugin, setting)) or None


def name_plugin_variable(plugin: str, setting: str) -> str:
    """Return the variable of the environment that gives a plugin's setting a value."""
    return f"STUDIO_PLUGINS_{plugin}_{setting}".upper()


def list_plugin_variables(plugin: str) -> list[str]:
    """Return the names of settings that the environment gives to a plugin, as far as their variables say."""
    begin = name_plugin_variable(plugin, "")
    return sorted(name.removeprefix(begin).lower() for name in os.environ if name.startswith(begin))


def find_reports_folder() -> Path:
    """Return the folder of the reports about bugs of Studio's own; RuntimeError for a user without a home."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "studio" / "reports"


def find_server_folder() -> Path:
    """Return the folder of jobs, files and tokens of a server that is given none."""
    return _models_folder().parent / "server"


def read_visible_gpus() -> str | None:
    """Return what `CUDA_VISIBLE_DEVICES` says, or None if it is not set."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")
