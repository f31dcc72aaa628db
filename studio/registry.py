"""The registry: finds plugins and collects what they provide. A plugin that fails is a row, not a traceback."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from blake3 import blake3

from studio.api import Hooks, Input, ModelOpener, NodeType, Output, ValueType, get_node_type
from studio.api.hooks import PROJECT
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES
from studio.errors import PluginError, StudioError

ENTRY_POINTS = "studio"
_LOCAL = "0+local"  # the version of a plugin that came from no distribution, as PEP 440 writes it


@dataclass
class PluginRow:
    """One plugin as `studio plugins` shows it.

    Attributes:
        name: Name of its entry point, or of its module in the plugins folder.
        distribution: The distribution it came from, or its path.
        version: The distribution's version.
        status: "ok" or "failed".
        problem: Why it failed, in a line.
        where: File and line of the failure, or the module's file.
        node_types: Ids of its node types.
    """

    name: str
    distribution: str = ""
    version: str = ""
    status: str = "ok"
    problem: str = ""
    where: str = ""
    node_types: list[str] = field(default_factory=list)


@dataclass
class Registry:
    """What is installed. `load_registry` fills it."""

    host: pluggy.PluginManager
    plugins: list[PluginRow] = field(default_factory=list)
    node_types: dict[str, NodeType] = field(default_factory=dict)
    value_types: dict[str, ValueType[Any]] = field(default_factory=dict)
    classes: dict[str, type] = field(default_factory=dict)
    models: dict[str, Path] = field(default_factory=dict)
    model_openers: list[ModelOpener] = field(default_factory=list)
    executors: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=dict)

    def find_failure(self, node_type: str) -> str | None:
        """Return why the plugin that would have this node type could not be loaded, or None."""
        stem = node_type.partition(".")[0]
        for row in self.plugins:
            name = row.name.replace("-", "_")
            if row.status == "failed" and (node_type in row.node_types or name in (stem, f"studio_{stem}")):
                return row.problem
        return None


def load_registry(
    plugins_dir: Path | None = None,
    *,
    value_types: Iterable[ValueType[Any]] = (),
    plugins: Iterable[tuple[str, Any]] = (),
    discover: bool = True,
) -> Registry:
    """Find plugins, register them and collect what they provide.

    Args:
        plugins_dir: Folder with further plugins: each `studio_*.py` file or package in it is one.
        value_types: The value types that Studio brings.
        plugins: Plugins to register beside those that are found, as (name, module or object).
        discover: Whether to look for installed plugins.

    Raises:
        PluginError: E204 if `plugins_dir` is no folder. What is wrong with a plugin becomes its row.
    """
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    registry = Registry(host)
    for value_type in value_types:
        _add_value_type(registry, value_type)
    found = _iterate_installed() if discover else iter(())
    for row, load in [*found, *_iterate_folder(plugins_dir), *_iterate_given(plugins)]:
        registry.plugins.append(row)
        _register(registry, row, load)
    return registry


def load_plugins() -> pluggy.PluginManager:
    """Load the installed plugins without collecting what they provide; those that fail are left out."""
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    for row, load in _iterate_installed():
        try:
            host.register(load(), name=row.name)
        except (Exception, SystemExit):  # `studio plugins` says what is wrong with it
            continue
    return host


def _iterate_installed() -> Iterator[tuple[PluginRow, Callable[[], Any]]]:
    points = importlib.metadata.entry_points(group=ENTRY_POINTS)
    # Studio's own first: whoever clashes with it is the one that fails
    for point in sorted(points, key=lambda p: (not p.dist or p.dist.name != PROJECT, p.name)):
        distribution = point.dist
        name = distribution.metadata["Name"] if distribution else ""
        version = distribution.version if distribution else ""
        yield PluginRow(point.name, name, version), point.load


def _iterate_folder(folder: Path | None) -> Iterator[tuple[PluginRow, Callable[[], Any]]]:
    if folder is None:
        return
    if not folder.is_dir():
        raise PluginError(
            "E204", f"there is no plugins folder {str(folder)!r}", hint="name a folder that exists with --plugins-dir"
        )
    for path in sorted(folder.iterdir()):
        is_package = path.is_dir() and (path / "__init__.py").is_file()
        if path.name.startswith("studio_") and (is_package or path.suffix == ".py"):
            source = path / "__init__.py" if is_package else path
            row = PluginRow(path.stem, str(folder), f"{_LOCAL}.{_digest_sources(path)}", where=str(source))
            yield row, lambda source=source: _import_file(source)  # type: ignore[misc]


def _digest_sources(path: Path) -> str:
    """Name the code of a local plugin: it has no version that its author raises, so an edit counts by itself."""
    sources = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    hasher = blake3()
    for source in sources:
        data = source.read_bytes()
        hasher.update(f"{source.name}:{len(data)}:".encode() + data)
    return hasher.hexdigest(length=6)


def _iterate_given(plugins: Iterable[tuple[str, Any]]) -> Iterator[tuple[PluginRow, Callable[[], Any]]]:
    for name, plugin in plugins:
        yield PluginRow(name, "given", _LOCAL), lambda plugin=plugin: plugin  # type: ignore[misc]


def _import_file(source: Path) -> ModuleType:
    is_package = source.name == "__init__.py"
    name = source.parent.name if is_package else source.stem
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(source):
        return sys.modules[name]
    places = [str(source.parent)] if is_package else None
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=places)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _register(registry: Registry, row: PluginRow, load: Callable[[], Any]) -> None:
    """Load and register one plugin whole, or not at all."""
    plugin: Any = None
    try:
        plugin = load()
        row.where = row.where or getattr(plugin, "__file__", "") or ""
        _check_hook_names(plugin)
        registry.host.register(plugin, name=row.name)
        registry.host.check_pending()
        _collect(registry, row, plugin)
    except (Exception, SystemExit) as error:  # a plugin may raise anything while it is imported
        _explain(row, error, plugin)
        if plugin is not None and registry.host.is_registered(plugin):
            registry.host.unregister(plugin)


def _check_hook_names(plugin: Any) -> None:
    """Refuse a function that looks meant as a hook and is none: pluggy would leave it uncalled without a word."""
    import difflib

    known = [name for name in vars(Hooks) if name.startswith("studio_")]
    for name in dir(plugin):
        attribute = getattr(plugin, name, None)
        if not name.startswith("studio_") or not callable(attribute) or isinstance(attribute, type):
            continue
        marked = hasattr(attribute, f"{PROJECT}_impl")
        if name in known:
            if not marked:
                raise PluginError(
                    "E205",
                    f"{name} is not marked as a hook",
                    where=_locate(attribute),
                    hint="decorate it with @hookimpl",
                )
            continue
        stem = name.removeprefix("studio_")  # all share the prefix: it would make every name look near
        stems = [hook.removeprefix("studio_") for hook in known]
        near = [f"studio_{found}" for found in difflib.get_close_matches(stem, stems, 1, 0.5)]
        if marked or (near and getattr(attribute, "__module__", None) == getattr(plugin, "__name__", "")):
            hint = f"did you mean {near[0]!r}?" if near else f"hooks are: {', '.join(known)}"
            raise PluginError("E205", f"there is no hook {name!r}", where=_locate(attribute), hint=hint)


def _locate(function: Any) -> str:
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def _collect(registry: Registry, row: PluginRow, plugin: Any) -> None:
    """Call the plugin's collecting hooks and take in what they return, after all of it was checked."""
    value_types = list(_call(registry, plugin, "studio_value_types"))
    functions = list(_call(registry, plugin, "studio_node_types"))
    local = row.version.startswith(_LOCAL)
    types = [
        replace(
            get_node_type(f), distribution=row.name if local else row.distribution, distribution_version=row.version
        )
        for f in functions
    ]
    row.node_types = [node_type.id for node_type in types]
    fresh = dict(registry.value_types)
    for value_type in value_types:
        if not isinstance(value_type, ValueType):
            raise PluginError("E206", f"{value_type!r} is not a ValueType", where=row.where)
        _check_value_type(fresh, value_type)
        fresh[value_type.name] = value_type
    _check_node_types(registry, types, {name: value_type.python for name, value_type in fresh.items()}, row)
    models = dict(_call(registry, plugin, "studio_models", {}))
    executors = dict(_call(registry, plugin, "studio_executors", {}))
    for what, new, old in (("model", models, registry.models), ("executor", executors, registry.executors)):
        for name in new:
            if name in old:
                raise PluginError("E203", f"two plugins have a {what} named {name!r}", where=row.where)
    openers = list(_call(registry, plugin, "studio_model_openers"))
    for value_type in value_types:
        _add_value_type(registry, value_type)
    registry.node_types |= {node_type.id: node_type for node_type in types}
    registry.models |= models
    registry.executors |= executors
    registry.model_openers[:0] = openers  # the last is asked first, as pluggy does: others may do better
    registry.distributions[row.name] = row.version
    if row.distribution and not local:
        registry.distributions[row.distribution] = row.version


def _call(registry: Registry, plugin: Any, hook: str, default: Any = ()) -> Any:
    if registry.host.parse_hookimpl_opts(plugin, hook) is None:
        return default
    result = getattr(plugin, hook)()
    if result is None:
        raise PluginError(
            "E206",
            f"{hook} returned None",
            where=_locate(getattr(plugin, hook)),
            hint=f"return {'a mapping' if default == {} else 'a list'}",
        )
    return result


def _check_node_types(registry: Registry, types: list[NodeType], classes: dict[str, type], row: PluginRow) -> None:
    seen: dict[str, NodeType] = dict(registry.node_types)
    for node_type in types:
        other = seen.get(node_type.id)
        if other is not None and node_type.id not in registry.node_types:
            raise PluginError(
                "E203",
                f"the plugin has two node types {node_type.id!r}: {other.where} and {node_type.where}",
                where=node_type.where,
                hint="rename one of them",
            )
        if other is not None:
            first = f"{other.distribution} ({other.where})"
            raise PluginError(
                "E203",
                f"two plugins have a node type {node_type.id!r}: {first} and {row.name} ({node_type.where})",
                where=node_type.where,
                hint="rename one of them, or uninstall one of the plugins",
            )
        seen[node_type.id] = node_type
        ends: list[Input | Output] = [*node_type.inputs.values(), *node_type.outputs.values()]
        for end in ends:
            if end.spec.name not in classes and end.spec.name not in PLAIN_TYPES | REFERENCE_TYPES | {"any"}:
                raise PluginError(
                    "E206",
                    f"node type {node_type.id!r}: no plugin provides the value type {end.spec.name!r} of {end.name!r}",
                    where=node_type.where,
                    hint="return it from studio_value_types",
                )
        for output in node_type.outputs.values():
            if output.spec.name in ("file", "path"):
                raise PluginError(
                    "E206",
                    f"node type {node_type.id!r}: output {output.name!r} cannot be a {output.spec.name}",
                    where=node_type.where,
                    hint="return the value itself, or its name as text",
                )


def _check_value_type(known: dict[str, ValueType[Any]], value_type: ValueType[Any]) -> None:
    if value_type.name in known or value_type.name in PLAIN_TYPES | REFERENCE_TYPES | {"any", "list"}:
        raise PluginError("E203", f"two plugins have a value type named {value_type.name!r}")
    mark = getattr(value_type.python, "studio_type", None)
    if mark != value_type.name:
        kind = value_type.python.__name__
        raise PluginError(
            "E206",
            f"value type {value_type.name!r}: its class {kind} has the studio_type {mark!r}",
            hint=f'write `studio_type: ClassVar[str] = "{value_type.name}"` in {kind}',
        )


def _add_value_type(registry: Registry, value_type: ValueType[Any]) -> None:
    registry.value_types[value_type.name] = value_type
    registry.classes[value_type.name] = value_type.python


def _explain(row: PluginRow, error: BaseException, plugin: Any) -> None:
    row.status = "failed"
    if isinstance(error, pluggy.PluginValidationError):
        row.problem, row.where = _explain_hook(error, plugin)
    elif isinstance(error, StudioError):
        row.problem = f"{error.code} {error.message}" + (f" ({error.hint})" if error.hint else "")
        row.where = error.where or row.where
    else:
        row.problem = f"{type(error).__name__}: {error} ({_hint_failure(error)})"
        row.where = _find_line(error) or row.where


def _explain_hook(error: pluggy.PluginValidationError, plugin: Any) -> tuple[str, str]:
    """Say which hook is declared wrong, and where."""
    import inspect

    for name, specification in vars(Hooks).items():
        function = getattr(plugin, name, None) if name.startswith("studio_") else None
        if function is None:
            continue
        known = list(inspect.signature(specification).parameters)[1:]
        wrong = [argument for argument in inspect.signature(function).parameters if argument not in known]
        if wrong:
            takes = f"it takes {', '.join(known)}" if known else "it takes no arguments"
            return f"E205 hook {name} has no argument {wrong[0]!r} ({takes})", _locate(function)
    return " ".join(str(error).split()), getattr(plugin, "__file__", "") or ""


def _hint_failure(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install {error.name.partition('.')[0]!r} into this environment"
    if isinstance(error, SystemExit):
        return "it ends the program while it is loaded; report it to its authors"
    return "report it to its authors"


def _find_line(error: BaseException) -> str:
    import traceback

    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    own = str(Path(__file__).parent)
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if not f.filename.startswith((own, "<frozen")) and "importlib" not in f.filename
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


class Observers:
    """Calls every plugin's `studio_event`, isolated: one that raises is reported once and not asked again."""

    def __init__(self, host: pluggy.PluginManager) -> None:
        self._calls = {
            impl.plugin_name: (impl.function, "event" in impl.argnames)
            for impl in host.hook.studio_event.get_hookimpls()
        }

    def __bool__(self) -> bool:
        return bool(self._calls)

    def __call__(self, event: Any) -> None:
        for name, (function, takes_event) in list(self._calls.items()):
            try:
                function(event=event) if takes_event else function()
            except (Exception, SystemExit) as error:  # an observer may raise anything; the run goes on
                if self._calls.pop(name, None) is not None:  # two threads may have failed in it at once
                    warnings.warn(
                        f"plugin {name!r}: studio_event raised {type(error).__name__}: {error}; it is not called again",
                        RuntimeWarning,
                        stacklevel=2,
                    )
