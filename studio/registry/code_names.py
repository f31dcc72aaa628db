"""Names the code of what plugins provide: which files node types and value types come from."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from studio.api import NodeType
from studio.api.origin import LOADED_NS, Provider
from studio.registry.code_match import contains_code
from studio.registry.given_code import GivenCode
from studio.registry.kept_sources import KeptSources
from studio.registry.loading import Files, is_loaded_from, mark_loaded
from studio.registry.plugin_origin import PluginOrigin, report_changed
from studio.registry.provided import Provided
from studio.registry.registry import Registry
from studio.registry.source_tree import SourceTree, merge_trees
from studio.registry.sources import GIVEN

_OBJECT_MARK = "__studio_object__"


def name_code(one: Provided, kept: KeptSources) -> None:
    """Note in a plugin's node types which files they come from.

    Raises:
        PluginError: E211 if a file of an object has changed since the object was made.
    """
    row = one.row
    if row.distribution == GIVEN and one.is_local:
        row.origin = _name_given(one, row.origin if isinstance(row.origin, PluginOrigin) else None, kept)
    one.node_types = [replace(node_type, origin=row.origin) for node_type in one.node_types]


def _name_given(one: Provided, module: PluginOrigin | None, kept: KeptSources) -> PluginOrigin:
    """Return the files of a plugin that a caller gives: of its module, of its hooks, and of what these return."""
    code = GivenCode()
    if module is None:
        code.add_root(one.plugin)
    code.add_all(getattr(one.plugin, name, None) for name in dir(one.plugin) if name.startswith("studio_"))
    code.add_all(one.node_types)
    for root in (*one.value_types, *one.model_openers, *one.executors.values()):
        code.add_root(root)
    known = {os.path.realpath(file.path) for file in module.found.values()} if module is not None else set()
    trees = [SourceTree((), (path,)) for path in code.modules if path not in known]
    reader = kept.open_reader(code.modules[0] if code.modules else one.row.name)
    files: dict[str, Any] = {}
    for tree in trees:
        found = tree.collect(reader)
        _check_object(one.row.name, tree.modules[0], found, code)
        files |= found
    if module is not None:
        files |= module.found
    collect = merge_trees([*([module.collect] if module is not None else []), *(tree.collect for tree in trees)])
    whole = reader if module is None else None
    return PluginOrigin(one.row.name, files, collect, code.state, code.named, reader=whole)


def _check_object(plugin: str, path: str, files: Files, code: GivenCode) -> None:
    """Refuse an object whose file has changed since its code was loaded."""
    module = next((m for m in list(sys.modules.values()) if _is_from(m, path)), None)

    def matches() -> bool:
        return contains_code(path, code.functions[path])

    if module is None:
        current = all(file.changed_ns < LOADED_NS for file in files.values()) or matches()
    else:
        current = is_loaded_from(module, files, _OBJECT_MARK, matches=matches)
    if not current:
        raise report_changed(plugin, [os.path.basename(path)], path, "import it again, or start the program again")
    mark_loaded(module, files, _OBJECT_MARK)


def _is_from(module: Any, path: str) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or os.path.basename(file) != os.path.basename(path):  # looking at a path takes time
        return False
    return file == path or os.path.realpath(file) == path


def add_foreign_types(registry: Registry, plugins: Sequence[Provided]) -> None:
    """Note in node types what provides those of their value types that come from other plugins."""
    owners = {value_type.name: one for one in plugins for value_type in one.value_types}
    for one in plugins:
        one.node_types = [_add_types(node_type, one, owners) for node_type in one.node_types]


def _add_types(node_type: NodeType, one: Provided, owners: dict[str, Provided]) -> NodeType:
    names = {end.spec.name for end in node_type.inputs.values()} | {end.spec.name for end in node_type.outputs.values()}
    found: dict[str, Provider] = {n: owners[n].provider for n in names if n in owners and owners[n] is not one}
    return replace(node_type, value_types=found) if found else node_type
