"""`check_plugin`: checks a whole plugin, as an installed Studio would use it."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.api import Input, Model, NodeType, Output, PluginSettings
from studio.api.builtin import create_builtin_value_types
from studio.api.hooks import PROJECT
from studio.errors import GraphError, StudioError
from studio.graph import load_graph
from studio.registry.registry import PluginRow
from studio.registry.sources import ENTRY_POINTS
from studio.registry.value_type_checks import RESERVED_TYPES
from studio.runtime.weights import compare_digests
from studio.testing.codecs import find_codec_failures
from studio.testing.example_inspection import examine_in, has_example, report_missing
from studio.testing.failures import describe_error
from studio.testing.inspection import examine_node_type
from studio.testing.opener_inspection import examine_model_opener
from studio.testing.report import Report
from studio.testing.value_type_inspection import examine_value_type
from studio.testing.variation import are_equal
from studio.testing.wheel import depends_on_studio, find_wheel_problems
from studio.testing.workspace import Workspace, open_workspace
from studio.version import REQUIREMENT

Example = Mapping[str, Any]


@dataclass(frozen=True)
class PluginSamples:
    """What a plugin is checked with; `check_plugin` describes each."""

    examples: Mapping[str, Example] = field(default_factory=dict)
    example_graphs: bool | None = None
    values: Sequence[Any] = ()
    others: Iterable[Any] = ()
    settings: PluginSettings | None = None
    graphs: Iterable[Path | str] = ()
    wheel: Path | str | None = None


def check_plugin(
    plugin: Any,
    /,
    *,
    examples: Mapping[str, Example] | None = None,
    example_graphs: bool | None = None,
    values: Iterable[Any] = (),
    others: Iterable[Any] = (),
    settings: PluginSettings | None = None,
    graphs: Iterable[Path | str] = (),
    wheel: Path | str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> Report:
    """Check a plugin: that it loads, each thing that it provides, its metadata and what is in its wheel.

    Args:
        plugin: A module or an object with hooks, or the name of a module.
        examples: Inputs for node types, by their ids, as for `check_node_type`. A node type without an example is
            checked with its defaults, if it has no required inputs.
        example_graphs: True: each node type must have an example graph. False: example graphs are not checked. None:
            those that there are are checked.
        values: Values of the plugin's value types, as for `check_value_type`.
        others: Plugins that it uses and that are not installed: modules, objects, or names of modules. Installed ones
            are there.
        settings: Its settings; without them the defaults and the variables of the environment.
        graphs: Graphs that must be valid, such as those of earlier versions.
        wheel: The wheel, as `build_wheel` returns it. Every file of the package must be in it.
        device: Where to run: "cpu", "cuda", "cuda:N" or "mps".
        dtype: "float32", "float16" or "bfloat16".

    Returns:
        The checks, and why some were skipped.

    Raises:
        AssertionError: Some checks failed; the message lists all of them, each with what to do.
        UsageError: E002 if this machine does not have the device.
    """
    __tracebackhide__ = True
    samples = PluginSamples(examples or {}, example_graphs, list(values), others, settings, graphs, wheel)
    report = examine_plugin(plugin, samples, device, dtype)
    module = sys.modules.get(plugin) if isinstance(plugin, str) else plugin
    report.require(str(getattr(module, "__file__", None) or ""))
    return report


def examine_plugin(plugin: Any, samples: PluginSamples, device: str = "cpu", dtype: str = "float32") -> Report:
    """Return the checks of a plugin, as `check_plugin` describes them."""
    name = plugin if isinstance(plugin, str) else str(getattr(plugin, "__name__", type(plugin).__name__))
    report = Report(f"plugin {name!r}")
    module = _import(plugin, report)
    given = [(f"other-{number}", _import(other, report)) for number, other in enumerate(samples.others)]
    if module is None or report.failed:
        return report
    settings = samples.settings
    tables, options = {} if settings is None else {name: settings}, {"device": device, "dtype": dtype}
    with open_workspace([*given, (name, module)], discover=True, settings=tables, **options) as workspace:
        row = workspace.studio.registry.plugins[-1]
        if report.add("loading", [*workspace.find_load_problems(), *_find_empty_problems(row)]):
            checks = _Checks(workspace, row, module, given, {**options, "settings": settings})
            checks.check_node_types(report, samples.examples, samples.values)
            if samples.example_graphs is not False:
                checks.check_example_graphs(report, required=samples.example_graphs is True)
            checks.check_value_types(report, samples.values)
            checks.check_models(report)
            checks.check_graphs(report, samples.graphs)
    _check_metadata(report, module, samples.wheel)
    return report


def _import(plugin: Any, report: Report) -> Any:
    if not isinstance(plugin, str):
        return plugin
    try:
        return importlib.import_module(plugin)
    except (Exception, SystemExit) as error:  # an author's module
        report.add("loading", [f"importing {plugin!r} raised {describe_error(error)}"])
        return None


def _find_empty_problems(row: PluginRow) -> list[str]:
    return [] if row.hooks else ["it implements no hook; mark one with @hookimpl"]


@dataclass(frozen=True)
class _Checks:
    """What a plugin provides, and how it is checked.

    Attributes:
        workspace: A Studio that has loaded it.
        row: Its row.
        plugin: The module or object.
        others: Plugins that it uses.
        options: The device, the dtype and the settings.
    """

    workspace: Workspace
    row: PluginRow
    plugin: Any
    others: Sequence[tuple[str, Any]]
    options: Mapping[str, Any]

    def check_node_types(self, report: Report, examples: Mapping[str, Example], values: Sequence[Any]) -> None:
        """Check each node type with its example; values of its inputs' types show what another value changes."""
        unknown = [name for name in examples if name not in self.row.node_types]
        names = ", ".join(self.row.node_types) or "none"
        report.add("examples", [f"it has no node type {name!r}; its node types: {names}" for name in unknown])
        for name in self.row.node_types:
            declared = self.workspace.studio.registry.node_types[name]
            required = [end.name for end in declared.inputs.values() if end.required]
            if name not in examples and required:
                report.skip(f"{name}: example", f"give its inputs: examples={{{name!r}: {{{required[0]!r}: ...}}}}")
                continue
            example = examples.get(name, {})
            variants = {end: other for end, one in example.items() for other in self._find_other(one, values)[:1]}
            options = {"variants": variants, "plugin": self.plugin, "others": self.others, **self.options}
            options["discover"] = self._uses_others(declared)
            report.include(examine_node_type(declared, example, **options))

    def check_example_graphs(self, report: Report, *, required: bool) -> None:
        """Check the example graph of each node type."""
        for name in self.row.node_types:
            declared = self.workspace.studio.registry.node_types[name]
            part = Report(name)
            if has_example(declared):
                examine_in(self.workspace, declared, part)
            else:
                report_missing(declared, part, required=required)
            report.include(part)

    def _uses_others(self, declared: NodeType) -> bool:
        """Say whether a node type takes or returns values of another plugin's type."""
        own = {*self.row.value_types, *(one.name for one in create_builtin_value_types()), *RESERVED_TYPES}
        ends: list[Input | Output] = [*declared.inputs.values(), *declared.outputs.values()]
        return any(end.spec.name not in own for end in ends)

    def _find_other(self, value: Any, values: Sequence[Any]) -> list[Any]:
        """Return those of the values that are of the class of a value and have another digest."""
        same = [other for other in values if type(other) is type(value) and not are_equal(other, value)]
        if not same or find_codec_failures(self.workspace, value):
            return []
        own = self.workspace.digest(value)
        return [
            other
            for other in same
            if not find_codec_failures(self.workspace, other) and self.workspace.digest(other) != own
        ]

    def check_value_types(self, report: Report, values: Sequence[Any]) -> None:
        """Check each value type with those of the values that are of its class."""
        for name in self.row.value_types:
            value_type = self.workspace.studio.registry.value_types[name]
            own = tuple(value for value in values if type(value) is value_type.python)
            if own:
                report.include(examine_value_type(value_type, own))
            else:
                report.skip(f"value type {name!r}", f"give values: values=[{value_type.python.__name__}(...)]")

    def check_models(self, report: Report) -> None:
        """Check the weights that ship with the plugin, and open those that an opener of its own knows."""
        openers = self.workspace.studio.registry.model_openers
        for reference in self.row.models:
            model = Model(reference)
            try:
                self.workspace.studio.models.library.check(model)
            except StudioError as error:
                report.add(f"model {reference}", [f"{error.message}; {error.hint}"])
                continue
            path = self.workspace.studio.models.find_path(model)
            report.add(f"model {reference}", _find_digest_problems(path))
            opener = next((one for one in openers if one.can_open(path, model)), None)
            if opener is not None:
                options = {name: value for name, value in self.options.items() if name != "settings"}
                report.include(examine_model_opener(opener, path, {}, **options))

    def check_graphs(self, report: Report, graphs: Iterable[Path | str]) -> None:
        """Check that graphs are valid."""
        for path in graphs:
            try:
                errors = self.workspace.studio.resolve(load_graph(path)).errors
            except GraphError as error:
                errors = list(error.findings)
            report.add(f"graph {Path(path).name}", [f"{one}; {one.hint}".rstrip("; ") for one in errors])


def _find_digest_problems(path: Path) -> list[str]:
    """Return what is wrong with the digests that ship beside weights, if there are some."""
    hint = f"write them again: studio models write-digests {path}"
    try:
        changed = compare_digests(path)
    except StudioError as error:
        return [f"{error.message}; {hint}"]
    return [f"{', '.join(changed)}: the recorded digests do not match the weights; {hint}"] if changed else []


# -- metadata --------------------------------------------------------------------------------------


def _check_metadata(report: Report, plugin: Any, wheel: Path | str | None) -> None:
    name, file = getattr(plugin, "__name__", None), getattr(plugin, "__file__", None)
    if not isinstance(plugin, ModuleType) or name is None or file is None:
        report.skip("metadata", "it is an object, which no distribution provides")
        return
    package = Path(file).parent if Path(file).name == "__init__.py" else Path(file)
    distribution = _find_distribution(name)
    if distribution is None:
        report.skip("metadata", f"no installed distribution has the entry point {name!r} in the group 'studio'")
    else:
        report.add("metadata", _find_metadata_problems(distribution))
    if wheel is None:
        report.skip("wheel", "give one: wheel=build_wheel(project, folder), or --wheel FILE on the command line")
    else:
        report.add("wheel", find_wheel_problems(Path(wheel), package, name))


def _find_distribution(module: str) -> importlib.metadata.Distribution | None:
    points = importlib.metadata.entry_points(group=ENTRY_POINTS)
    return next((point.dist for point in points if point.module == module), None)


def _find_metadata_problems(distribution: importlib.metadata.Distribution) -> list[str]:
    problems = []
    if distribution.name != PROJECT and not depends_on_studio(distribution.requires or ()):
        problems.append(f'it does not depend on studio; add "{REQUIREMENT}" to the dependencies')
    if "Summary" not in distribution.metadata:
        problems.append("it has no description; add one to [project]")
    return problems
