"""`PassedChecks`: which literals the checks of plugins have passed, kept beside the plugins' declarations.

A check that passed is not called again for the same values and the same code, so that its plugin need not be imported.
What is refused is never kept, nor is what a check finds of files, or by looking for the weights of a model. What a node
type's function says of the origin of results is kept in the same way.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

from blake3 import blake3

from studio.api import Input, Model, NodeType
from studio.api.node_type import Check
from studio.errors import StudioError
from studio.registry.declarations import Unkeepable, describe_plain, is_own
from studio.registry.deferred import DeferredPlugin
from studio.registry.kept_file import read_kept, write_kept

_FORMAT = 1
_MOST = 2000  # values for each plugin
_DIGEST = 32
_CHECK, _GRAMMAR, _ORIGIN = "check", "grammar", "origin"
_FAULTS = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class PassedChecks:
    """Reads and writes which values passed.

    Args:
        path: The file, or None to keep nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._plugins: dict[str, PassedValues] = {}
        self._kept: dict[str, Any] = {}
        if path is not None:
            with contextlib.suppress(*_FAULTS):
                self._kept = _read(path)

    def wrap(
        self, node_types: Iterable[NodeType], plugin: str, code: str, deferred: DeferredPlugin | None
    ) -> list[NodeType]:
        """Return a plugin's node types with checks and grammars that know what has passed.

        Args:
            node_types: The node types.
            plugin: The plugin's name.
            code: Names the plugin's code.
            deferred: What imports the plugin, if it is not imported yet.
        """
        values = PassedValues(code, _find_passed(self._kept, plugin, code), deferred)
        self._plugins[plugin] = values
        return [values.wrap(node_type) for node_type in node_types]

    def write(self) -> None:
        """Keep what has passed since; what other processes have kept meanwhile stays."""
        fresh = {name: values for name, values in self._plugins.items() if values.fresh}
        if self._path is None or not fresh:
            return
        kept: dict[str, Any] = {}
        with contextlib.suppress(*_FAULTS):
            kept = _read(self._path)
        for name, values in fresh.items():
            passed = values.fresh | values.used
            passed |= {
                digest: found for digest, found in _find_passed(kept, name, values.code).items() if digest not in passed
            }
            kept[name] = {"code": values.code, "passed": dict(list(passed.items())[:_MOST])}
        with contextlib.suppress(OSError, ValueError, TypeError):
            write_kept(self._path, {"format": _FORMAT, "plugins": kept})


class PassedValues:
    """What has passed of one plugin.

    Args:
        code: Names the plugin's code.
        passed: What was found in earlier processes, by digests of values; None for what passed.
        deferred: What imports the plugin, if it is not imported yet.

    Attributes:
        fresh: What was found in this process, in order.
        used: What was found in earlier processes and asked for.
    """

    def __init__(self, code: str, passed: Mapping[str, Any], deferred: DeferredPlugin | None) -> None:
        self.code = code
        self.fresh: dict[str, Any] = {}
        self.used: dict[str, Any] = {}
        self._passed = passed
        self._deferred = deferred

    def wrap(self, node_type: NodeType) -> NodeType:
        """Return a node type with a check and grammars that know what has passed."""
        changes: dict[str, Any] = {}
        if node_type.check is not None:
            files = [end.name for end in node_type.inputs.values() if end.spec.name == "file"]
            changes["check"] = KeptCheck(self, node_type.id, node_type.check, files)
        if callable(node_type.content_origin):
            changes["content_origin"] = KeptOrigin(self, node_type.id, node_type.content_origin)
        if any(_has_grammar(end) for end in node_type.inputs.values()):
            changes["inputs"] = {name: self._wrap_input(node_type.id, end) for name, end in node_type.inputs.items()}
        return replace(node_type, **changes) if changes else node_type

    def _wrap_input(self, node_type: str, end: Input) -> Input:
        grammar = end.spec.grammar
        if grammar is None or not _has_grammar(end):
            return end
        parse = KeptParse(self, node_type, end.name, grammar.parse)
        return replace(end, spec=replace(end.spec, grammar=replace(grammar, parse=parse)))

    def name_values(self, *values: Any) -> str | None:
        """Return the digest of values, or None if it is not needed or they are not plain."""
        asks = self._passed and self._deferred is not None and not self._deferred.is_loaded
        if not asks and len(self.fresh) >= _MOST:
            return None
        try:
            text = json.dumps([describe_plain(value) for value in values])
        except (Unkeepable, ValueError, RecursionError):
            return None
        return blake3(text.encode()).hexdigest()[:_DIGEST]

    def has_passed(self, digest: str | None) -> TypeGuard[str]:
        """Say whether the values with a digest have passed in an earlier process."""
        if digest is None or digest not in self._passed:
            return False
        self.used[digest] = self._passed[digest]
        return True

    def keep(self, digest: str | None, found: Any = None) -> None:
        """Note that the values with a digest have passed, or what was found of them."""
        if digest is not None and len(self.fresh) < _MOST:
            self.fresh[digest] = found


@dataclass(frozen=True)
class KeptCheck:
    """A node type's check, which is not called for values that passed.

    Attributes:
        values: What has passed.
        node_type: The node type's id.
        check: The check.
        files: Inputs that are files: what is found of them is not kept.
    """

    values: PassedValues
    node_type: str
    check: Check
    files: list[str]

    def __call__(
        self, inputs: Mapping[str, Any], find_path: Callable[[Model], Path | None]
    ) -> list[tuple[str, StudioError]]:
        """Return what the check finds."""
        digest = None if self._takes_files(inputs) else self.values.name_values(_CHECK, self.node_type, dict(inputs))
        if self.values.has_passed(digest):
            return []
        looked: list[Model] = []

        def find(model: Model) -> Path | None:
            looked.append(model)
            return find_path(model)

        found = list(self.check(inputs, find))
        if not found and not looked:
            self.values.keep(digest)
        return found

    def _takes_files(self, inputs: Mapping[str, Any]) -> bool:
        given = any(inputs.get(name) is not None for name in self.files)
        return given or any(map(_names_file, inputs.values()))


@dataclass(frozen=True)
class KeptParse:
    """A grammar's function, which is not called for values that passed.

    Attributes:
        values: What has passed.
        node_type: The id of the node type.
        name: The input's name.
        parse: The function.
    """

    values: PassedValues
    node_type: str
    name: str
    parse: Callable[[Any], object]

    def __call__(self, value: Any) -> object:
        """Parse a value; what is returned is dropped."""
        digest = self.values.name_values(_GRAMMAR, self.node_type, self.name, value)
        if not self.values.has_passed(digest):
            self.parse(value)
            self.values.keep(digest)
        return None


@dataclass(frozen=True)
class KeptOrigin:
    """What a node type does to media, which is not asked again for the same inputs.

    Attributes:
        values: What was found.
        node_type: The node type's id.
        find: The function that says it.
    """

    values: PassedValues
    node_type: str
    find: Callable[[Mapping[str, Any]], Any]

    def __call__(self, inputs: Mapping[str, Any]) -> Any:
        """Return what the function says of the inputs that are plain values."""
        digest = self.values.name_values(_ORIGIN, self.node_type, dict(inputs))
        if self.values.has_passed(digest):
            return self.values.used[digest]
        found = self.find(inputs)
        if isinstance(found, str | dict):
            self.values.keep(digest, found)
        return found


def _has_grammar(end: Input) -> bool:
    """Say whether a plugin's own function reads an input; those of Studio's API import nothing."""
    return end.spec.grammar is not None and not is_own(end.spec.grammar.parse)


def _names_file(value: Any) -> bool:
    """Say whether a value is a model in a file, or has one."""
    if isinstance(value, list | tuple):
        return any(map(_names_file, value))
    return isinstance(value, Model) and value.reference.startswith("file:")


def _find_passed(kept: Mapping[str, Any], plugin: str, code: str) -> dict[str, Any]:
    """Return what is kept of a plugin with this code; nothing if that is damaged."""
    row = kept.get(plugin)
    if not isinstance(row, dict) or row.get("code") != code or not isinstance(row.get("passed"), dict):
        return {}
    return dict(row["passed"])


def _read(path: Path) -> dict[str, Any]:
    content = read_kept(path)
    return dict(content["plugins"]) if content["format"] == _FORMAT else {}
