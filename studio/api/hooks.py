"""The hooks: where Studio calls a plugin. A plugin implements the ones it needs with `@hookimpl`.

A plugin is a module (or an object) named by an entry point in the group `studio`. All hooks are optional.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from studio.api.events import Event
    from studio.api.evidence import Evidence
    from studio.api.foreign import ImportRule
    from studio.api.marks import MediaMarker
    from studio.api.model_opener import ModelOpener
    from studio.api.plugin_settings import PluginHome, PluginSettings
    from studio.api.value_type import ValueType

PROJECT = "studio"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook of its name: `@hookimpl`."""


class Hooks:
    """The hook specifications; docs/hooks.md shows each with an example."""

    @hookspec
    def studio_settings(self) -> type[PluginSettings] | None:
        """Return the class of the plugin's settings: a frozen dataclass that is a subclass of `PluginSettings`.

        Called before all other hooks. The values come from `[plugins.NAME]` in `config.toml` and from variables
        `STUDIO_PLUGINS_NAME_SETTING`; one that is unknown, invalid or missing fails the plugin.
        """

    @hookspec
    def studio_node_types(self, home: PluginHome) -> Iterable[Callable[..., Any]]:  # type: ignore[empty-body]
        """Return the plugin's node types: functions declared with `@node`.

        Called once when the registry is filled. Import the module with the functions inside this hook, so
        that commands that only list stay fast.

        Args:
            home: What the plugin has of its own: its data folder and its settings.
        """

    @hookspec
    def studio_value_types(self) -> Iterable[ValueType[Any]]:  # type: ignore[empty-body]
        """Return instances of `ValueType` for the classes that the plugin's node types exchange."""

    @hookspec
    def studio_models(self, home: PluginHome) -> Mapping[str, Path]:  # type: ignore[empty-body]
        """Return the weights that ship with the plugin: `{"name": path}` makes `builtin:name`.

        Args:
            home: What the plugin has of its own: its data folder and its settings.
        """

    @hookspec
    def studio_model_openers(self, home: PluginHome) -> Iterable[ModelOpener]:  # type: ignore[empty-body]
        """Return objects that turn weights on disk into models in memory, for `ctx.open`.

        Args:
            home: What the plugin has of its own: its data folder and its settings.
        """

    @hookspec
    def studio_catalog(self) -> Iterable[Path]:  # type: ignore[empty-body]
        """Return entries of the catalog: `.toml` files, or folders of them; `studio models get` fetches what they name.

        The name of an entry is that of its file. docs/catalog.md has the form of the file.
        """

    @hookspec
    def studio_weight_converters(self) -> Mapping[str, Callable[[Mapping[str, Path], Path], None]]:  # type: ignore[empty-body]
        """Return converters by name, which catalog entries name: `{"ncnn": function}`.

        A converter is called with the fetched files by the names that the entry gives them, and with an empty folder,
        into which it writes the model's files. It raises `ModelError` for files that it cannot convert. It must not
        load pickles, run what it is given, or reach the network. For the same files it must write the same bytes.
        """

    @hookspec
    def studio_executors(self) -> Mapping[str, Callable[[Any], Any]]:  # type: ignore[empty-body]
        """Return further executors by name: `{"name": factory}`, chosen with `Studio(executor="name")`.

        The factory takes the executor that Studio would use and returns an object with the same `execute`.
        """

    @hookspec
    def studio_event(self, event: Event) -> None:
        """Called with every event of every run, from the thread that caused it. An exception is reported once as a
        warning and never stops the run.

        Args:
            event: One of the classes of `studio.api.events`.
        """

    @hookspec
    def studio_commands(self, home: PluginHome) -> Iterable[click.Command]:  # type: ignore[empty-body]
        """Return commands for the `studio` command line.

        Args:
            home: What the plugin has of its own: its data folder and its settings.
        """

    @hookspec
    def studio_import_rules(self) -> Mapping[str, ImportRule]:  # type: ignore[empty-body]
        """Return what nodes of other programs mean, by their classes: `{"ImageInvert": ImportRule(invert)}`.

        Called by `studio import` only. See `studio.api.foreign`.
        """

    @hookspec
    def studio_evidence(self, home: PluginHome) -> Iterable[Callable[[Path], Iterable[Evidence]]]:  # type: ignore[empty-body]
        """Return functions that find evidence of where a file comes from, such as a mark in its content.

        Called by `studio verify --detect` only. Each function takes the path of a file of any kind, which may be
        hostile, and returns what it found, or nothing. One that raises is reported, and the others work.

        Args:
            home: What the plugin has of its own: its data folder and its settings.
        """

    @hookspec
    def studio_marks(self, home: PluginHome) -> Iterable[MediaMarker]:  # type: ignore[empty-body]
        """Return what puts invisible marks into generated media as they are written, with the setting `mark`.

        Called once before the first file is written. The first marker that takes a medium marks it. It may be called
        from several threads. The same medium with the same `seed` must get the same mark.

        Args:
            home: What the plugin has of its own: its data folder and its settings.
        """

    @hookspec
    def studio_assertions(self, home: PluginHome) -> Iterable[Callable[[Path], Mapping[str, Any]]]:  # type: ignore[empty-body]
        """Return functions that say more of a file before Studio signs it, such as the mark in it.

        Called once before the first file is signed. Each function takes the path of a written file and returns
        assertions of its content credentials: their data as plain JSON, by label, such as `c2pa.soft-binding`. It may
        be called from several threads, and must not change the file. One that raises fails the file's output.

        Args:
            home: What the plugin has of its own: its data folder and its settings.
        """
