"""`Parts`: plugins, cache, models and executor of one Studio, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from studio.api.builtin import create_builtin_value_types
from studio.registry import Build, KeptSources, Observers, Registry, create_executor, describe_builds, load_registry
from studio.runtime.devices import find_device
from studio.runtime.models import Models
from studio.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from studio.api.evidence import Evidence
    from studio.cache import Cache
    from studio.execution.checkpoints import Checkpoints
    from studio.execution.executor import Executor
    from studio.execution.file_reading import FileReader
    from studio.execution.plan_executor import PlanExecutor
    from studio.provenance.output_writer import OutputWriter
    from studio.runtime.catalog.catalog import Catalog
    from studio.runtime.catalog.getting import Getter
    from studio.runtime.kept import KeptWeights

_SOURCES, _PLUGINS, _WRITTEN = "sources", "plugins", "written"
NOTES_FOLDERS = (_SOURCES, _PLUGINS, _WRITTEN)
"""Folders in the cache folder, beside the results, with what can be found out again."""


class Parts:
    """The parts of one Studio, wired.

    Args:
        settings: Settings.
        plugins: Plugins to register beside those that are installed, as (name, module or object).
        discover: Whether to look for installed plugins.
        on_disk: Whether the cache has a tier on disk.
        executor: Name of the executor; "local", or one that a plugin provides.
        import_plugins: Whether to import all plugins, also those whose declarations are known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        plugins: Iterable[tuple[str, Any]] = (),
        discover: bool = True,
        on_disk: bool = True,
        executor: str = "local",
        import_plugins: bool = False,
    ) -> None:
        self.settings = settings
        self.device = find_device(self.settings.device, self.settings.dtype)
        self._plugins = list(plugins)
        self._discover = discover
        self._on_disk = on_disk
        self._executor_name = executor
        self._import_plugins = import_plugins
        self._closed = False

    @cached_property
    def registry(self) -> Registry:
        """The plugins and what they provide."""
        return load_registry(
            self.settings.plugins_dir,
            value_types=create_builtin_value_types(),
            plugins=self._plugins,
            discover=self._discover,
            disabled=self.settings.disabled_plugins,
            kept=KeptSources(self.settings.cache_dir / _SOURCES, writes=self._on_disk),
            declarations=None if self._import_plugins else self.settings.cache_dir / _PLUGINS,
            settings=self.settings.plugins,
            data_dir=self.settings.data_dir,
        )

    @cached_property
    def builds(self) -> dict[str, Build]:
        """Which builds of Studio, of the plugins and of what they require are installed."""
        return describe_builds(self.registry, self.settings.cache_dir / _SOURCES if self._on_disk else None)

    @cached_property
    def cache(self) -> Cache:
        """The cache."""
        from studio.cache import Cache

        return Cache(
            self.registry.value_types.values(),
            memory_bytes=self.settings.memory_bytes,
            folder=self.settings.cache_dir if self._on_disk else None,
            limit_bytes=self.settings.cache_bytes,
            shared_url=self.settings.cache_url,
            beside=lambda: self.kept.size,
        )

    @cached_property
    def kept(self) -> KeptWeights:
        """The weights that runs made; they take at most half of the cache."""
        from studio.runtime.kept import KeptWeights
        from studio.runtime.model_records import ModelRecords

        limit = self.settings.cache_bytes // 2
        return KeptWeights(self.settings.cache_dir / "kept", limit, ModelRecords(self.settings.models_dir))

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """Where calls that were ended left how far they got."""
        from studio.execution.checkpoints import Checkpoints

        return Checkpoints(self.settings.cache_dir / "checkpoints")

    @cached_property
    def models(self) -> Models:
        """The models."""
        from studio.runtime.hub import Hub

        folder = self.settings.models_dir
        return Models(
            self.registry.models,
            self.registry.model_openers,
            lambda path: self.cache.digest_file(path).digest,
            folder=folder,
            hub=Hub(self.settings.hub_dir, folder / "pulls"),
            download=self.settings.download,
            vram_bytes=self.settings.vram_bytes,
            ram_bytes=self.settings.ram_bytes,
            opener_code=self.registry.opener_code,
            catalog=self.registry.catalog,
            kept=self.kept,
        )

    @cached_property
    def catalog(self) -> Catalog:
        """The models that plugins name, tested or untested, which `studio models get` fetches."""
        from studio.runtime.catalog.catalog import Catalog

        return Catalog(self.registry.catalog)

    def create_getter(self, report: Callable[[str], None] = lambda _: None) -> Getter:
        """Return what fetches models of the catalog; `report` is called with a line for each step."""
        from studio.runtime.catalog.getting import Getter

        return Getter(self.models.library, self.settings.models_dir, self.registry.converters, report)

    @cached_property
    def local_executor(self) -> Executor:
        """The executor of this process."""
        from studio.execution.executor import Executor
        from studio.execution.services import Services

        services = Services(
            cache=self.cache,
            device=self.device,
            classes=self.registry.classes,
            models=self.models,
            reader=self._reader,
            catalog=self.registry,
            cpu_workers=self.settings.cpu_workers,
            studio=self.registry.studio.origin,
            checkpoints=self.checkpoints if self._on_disk else None,
            find_evidence=self._find_evidence,
        )
        return Executor(services)

    def _find_evidence(self, path: Path) -> list[Evidence]:
        return self._credential_finder(path)

    @cached_property
    def _credential_finder(self) -> Callable[[Path], list[Evidence]]:
        from studio.provenance.credentials.evidence import create_finder

        return create_finder(self.settings.credentials)

    @cached_property
    def executor(self) -> PlanExecutor:
        """The executor that runs graphs.

        Raises:
            UsageError: E004 if no plugin provides it.
            PluginError: E212 if the plugin that provides it fails.
        """
        if self._executor_name == "local":
            return self.local_executor
        executor: PlanExecutor = create_executor(self.registry, self._executor_name, self.local_executor)
        return executor

    @cached_property
    def output_writer(self) -> OutputWriter:
        """What writes outputs to files."""
        from studio.provenance.credentials.loading import load_signer
        from studio.provenance.current_files import WrittenFiles
        from studio.provenance.marking import load_marking
        from studio.provenance.output_writer import OutputWriter

        written = WrittenFiles(self.settings.cache_dir / _WRITTEN if self._on_disk else None)
        return OutputWriter(
            self.registry.value_types,
            self._reader.find_file,
            lambda model: self.models.find_path(model),
            self.registry.providers,
            written,
            lambda: load_signer(self.settings),
            strips=self.settings.credentials.strip,
            load_marking=lambda: load_marking(self.settings),
        )

    @cached_property
    def observers(self) -> Observers:
        """The plugins that observe runs."""
        return Observers(self.registry.host)

    @cached_property
    def _reader(self) -> FileReader:
        from studio.execution.file_reading import FileReader
        from studio.execution.value_type_calls import ValueChecks

        cache, types = self.cache, self.registry.value_types
        limits, providers = self.settings.media, self.registry.providers
        captured = self.settings.captured_dir
        return FileReader(cache.digest_file, ValueChecks(cache).settle, types, limits, providers, captured)

    def close(self) -> None:
        """Write what waits, and release threads and folders."""
        parts = [self.__dict__.get(name) for name in ("executor", "local_executor", "models", "cache", "registry")]
        for number, part in enumerate(parts):
            if part is not None and part not in parts[:number]:
                part.close()
        self._closed = True
