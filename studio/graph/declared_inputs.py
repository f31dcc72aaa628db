"""The inputs that a graph declares: their types, limits, choices and defaults."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from studio.api import Field, Input, TypeSpec
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES, parse_type_name
from studio.graph.bind import Binder
from studio.graph.catalog import Catalog
from studio.graph.document import GraphInputDocument
from studio.graph.findings import Findings
from studio.graph.json_pointer import escape
from studio.suggestion import suggest

_LARGEST = int(sys.float_info.max)
_LIMITED = ("int", "float", "number")


def parse_declared_type(declared: GraphInputDocument) -> TypeSpec:
    """Return the type that an input declares with its choices, to read text by; JSON if it is invalid."""
    try:
        spec = parse_type_name(declared.type)
    except ValueError:
        return TypeSpec("json")
    spec = replace(spec, optional=declared.optional)
    return spec if declared.choices is None else replace(spec, name="choice", choices=tuple(declared.choices))


class DeclaredInputs:
    """Resolves the inputs of a graph.

    Args:
        catalog: What is installed.
        binder: Binds defaults.
        findings: Where findings go.
    """

    def __init__(self, catalog: Catalog, binder: Binder, findings: Findings) -> None:
        self._catalog = catalog
        self._classes = catalog.classes
        self._binder = binder
        self._findings = findings

    def resolve(self, name: str, declared: GraphInputDocument, given: TypeSpec | None = None) -> Input:
        """Return an input of the graph.

        Args:
            name: Its name.
            declared: What the graph says of it.
            given: The type that it is given instead of the one it declares: a video, or a list beside a video.
        """
        where = f"/inputs/{escape(name)}"
        found = self._find_type(declared, where)
        if given is not None:
            return Input(name, given, True, None, declared.description)
        spec = TypeSpec("any", optional=declared.optional) if found is None else self._refine(found, declared, where)
        if declared.default is None:
            return Input(name, spec, not declared.optional, None, declared.description)
        default = self._binder.bind_whole(declared.default, spec, f"{where}/default")
        return Input(name, spec, False, default, declared.description)

    def _find_type(self, declared: GraphInputDocument, where: str) -> TypeSpec | None:
        """Return the declared type, or None after a finding."""
        try:
            spec = parse_type_name(declared.type)
        except ValueError as error:
            self._report(f"{where}/type", str(error), "the name of a type", declared.type)
            return None
        if self._is_type(spec.name):
            return spec
        known = sorted({*PLAIN_TYPES, *REFERENCE_TYPES, *self._classes})
        message, hint = f"unknown type {declared.type!r}", suggest(spec.name, known) or self._hint_plugins()
        self._report(f"{where}/type", message, ", ".join(known), declared.type, hint, known)
        return None

    def _hint_plugins(self) -> str:
        names = ", ".join(self._catalog.list_unavailable())
        return f"install the plugin of this type{f'; these are not available: {names}' if names else ''}"

    def _is_type(self, name: str) -> bool:
        return name in PLAIN_TYPES or name in REFERENCE_TYPES or name == "any" or name in self._classes

    def _refine(self, spec: TypeSpec, declared: GraphInputDocument, where: str) -> TypeSpec:
        """Return a type with the choices and limits that are declared."""
        spec = replace(spec, optional=True) if declared.optional else spec
        if declared.origin is not None and spec.name in PLAIN_TYPES | {"model", "path"}:
            self._report(f"{where}/origin", f"an origin does not go with {spec.name}", "a type of media", spec.name)
        if declared.choices is not None:
            if spec.name not in ("choice", "text", "int"):
                message = f"choices do not go with {spec.name}"
                self._report(f"{where}/choices", message, "choice, text or int", spec.name)
            spec = replace(spec, name="choice", choices=tuple(declared.choices))
        elif spec.name == "choice":
            self._report(
                where, "a choice needs choices", '"choices": [...]', "none", 'add "choices": ["one", "another"]'
            )
        is_limited = declared.minimum is not None or declared.maximum is not None
        return self._limit(spec, declared, where) if is_limited else spec

    def _limit(self, spec: TypeSpec, declared: GraphInputDocument, where: str) -> TypeSpec:
        if spec.name not in _LIMITED:
            message = f"minimum and maximum do not go with {spec.name}"
            self._report(where, message, "int, float or number", spec.name)
            return spec
        for key, bound in (("minimum", declared.minimum), ("maximum", declared.maximum)):
            if isinstance(bound, int) and abs(bound) > _LARGEST:
                message = f"{key} is beyond the range of floats"
                self._report(f"{where}/{key}", message, "a number up to 1.8e308", "a larger one")
                return spec
        return replace(spec, limits=Field(ge=declared.minimum, le=declared.maximum))

    def _report(
        self, where: str, message: str, expected: str, found: str, hint: str = "", known: Iterable[str] = ()
    ) -> None:
        self._findings.report("E131", where, message, expected=expected, found=found, hint=hint, alternatives=known)
