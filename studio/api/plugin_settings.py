"""`PluginSettings`, `Secret` and `PluginHome`: what a user sets for a plugin, and where it keeps its data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from studio.errors import UsageError
from studio.redaction import MASK, remember_secret


class PluginSettings:
    """The settings of a plugin. Subclass it as a frozen dataclass, and return the class from `studio_settings`.

    Each field is a setting: its annotation gives the type and the limits, as in a node type's signature, its default
    makes it optional. A setting that cannot change results is `Annotated[T, Unkeyed]`. A `Secret` is never part of a
    fingerprint either.

    A node type that reads the settings has a parameter of the class. It is no input: graphs do not see it. Its fields
    are then part of the node type's fingerprints.
    """


@dataclass(frozen=True, repr=False)
class Secret:
    """A secret text: a key or a password. It is shown as `***` everywhere.

    Messages, logs, manifests and reports never contain it: Studio replaces it in whatever it writes. A secret of fewer
    than 4 characters is replaced only where it is a whole value. A node that returns it as text fails.
    """

    studio_type: ClassVar[str] = "secret"
    _text: str

    def __post_init__(self) -> None:
        remember_secret(self._text)

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return self._text


@dataclass(frozen=True)
class PluginHome:
    """What a plugin has of its own on this machine. Hooks and node types get it as an argument, if they take it.

    What a node reads from `data_dir` is not part of its fingerprint: declare such a node type `cache="recompute"`.

    Attributes:
        name: The plugin's short name, "tint" for "studio-tint": that of its table `[plugins.tint]`.
        path: Where the data are, or None for a user without a home folder; use `data_dir`, which makes the folder.
        settings: The plugin's settings, or None if it has no `studio_settings`.
    """

    name: str
    path: Path | None
    settings: Any = None

    @property
    def data_dir(self) -> Path:
        """A folder for the plugin's data, which stays between runs. It is made when it is first asked for.

        Raises:
            UsageError: E001 for a user without a home folder.
        """
        if self.path is None:
            raise UsageError("E001", "this user has no home folder", where="HOME", hint="set HOME, or XDG_DATA_HOME")
        self.path.mkdir(parents=True, exist_ok=True)
        return self.path
