"""`Migration`: how a node that was written for an old version of its type is read today."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from studio.api.annotation import AnnotationProblem, parse_annotation
from studio.api.type_spec import TypeSpec, ValueProblem, check_value

ConvertValue: TypeAlias = Callable[[Any], Any]
"""Takes a value of an input as it was meant before, and returns it as it is meant now; one annotated parameter."""
ChangeInputs: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes the inputs of a node as a graph wrote them, and returns those of the next version."""


@dataclass(frozen=True)
class Migration:
    """How a node of one version becomes a node of the next: its inputs, and the names of its outputs.

    Names that are declared here are found in graphs that state no version, too. Values are as graphs contain them:
    literals, edges such as `{"from": "sky"}`, files.

    Attributes:
        inputs: Inputs that have another name now, old name to new; None for one that is gone, whose value is dropped.
        outputs: Outputs that have another name now, old name to new. Edges from them follow.
        first_output: The first output of the old version, by its old name, if another one is the first now. Edges
            that name only the node lead to it.
        values: Functions for inputs whose values mean something else now, by their new names: other units, other
            choices. Each is annotated with the old and the new type, such as `def to_speed(factor: float) -> float`.
            Literals are converted when a graph is read, values that come by an edge when it runs. A function for an
            input that keeps its name is called for nodes without a version, too, so it must return values of the new
            version as they are.
        change: Called with the inputs once they have their new names; returns those of the next version. For what the
            others cannot say, such as an input that became two.
    """

    inputs: Mapping[str, str | None] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    first_output: str | None = None
    values: Mapping[str, ConvertValue] = field(default_factory=dict)
    change: ChangeInputs | None = None

    def rename_inputs(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return inputs under their new names; raises ValueError if two inputs would have one name.

        Args:
            values: The inputs of a node, by the names of the old version.
        """
        renamed: dict[str, Any] = {}
        origins: dict[str, str] = {}
        for name, value in values.items():
            new = self.inputs.get(name, name)
            if new is None:
                continue
            if new in renamed:
                raise ValueError(f"{origins[new]!r} and {name!r} are one input, {new!r}")
            renamed[new], origins[new] = value, name
        return renamed

    def migrate_inputs(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return inputs as the next version reads them; raises what `change` raises.

        Args:
            values: The inputs of a node, by the names of the old version.
        """
        renamed = self.rename_inputs(values)
        renamed |= {
            name: _convert_literal(convert, renamed[name]) for name, convert in self.values.items() if name in renamed
        }
        return renamed if self.change is None else dict(self.change(renamed))

    def list_kept(self) -> dict[str, ConvertValue]:
        """Return the functions for inputs that keep their names."""
        return {name: convert for name, convert in self.values.items() if name not in self.inputs.values()}

    def rename_output(self, name: str) -> str:
        """Return the new name of an output; "" is the first one.

        Args:
            name: Its name in the old version, or "".
        """
        name = name or self.first_output or ""
        return self.outputs.get(name, name)


# -- values --------------------------------------------------------------------------------------------


def _convert_literal(convert: ConvertValue, value: Any) -> Any:
    """Return a literal of a graph as it is meant now; edges, files and what does not fit the old type stay."""
    if isinstance(value, dict) and value.keys() == {"literal"}:
        return {"literal": _convert_literal(convert, value["literal"])}
    taken, _ = read_conversion(convert)
    if isinstance(value, list) and not taken.depth:
        return value if holds_edge(value) else [_convert_literal(convert, entry) for entry in value]
    if holds_edge(value):
        return value
    try:
        return convert(check_value(taken, value, {}))
    except ValueProblem:
        return value


def holds_edge(value: Any) -> bool:
    """Say whether what is written at an input is an edge, or a list with one."""
    if isinstance(value, list):
        return any(holds_edge(entry) for entry in value)
    return isinstance(value, dict) and value.keys() == {"from"}


@lru_cache(maxsize=1024)
def read_conversion(convert: ConvertValue) -> tuple[TypeSpec, TypeSpec]:
    """Return the types that a function for values takes and returns; raises ValueError if it does not say them."""
    try:
        hints = typing.get_type_hints(convert, include_extras=True)
    except Exception as error:  # annotations are any expressions of the author's
        raise ValueError(f"its annotations cannot be read: {error}") from error
    returned = hints.pop("return", None)
    if len(hints) != 1 or returned is None:
        raise ValueError("annotate its one parameter and what it returns, such as (factor: float) -> float")
    try:
        return parse_annotation(next(iter(hints.values())))[0], parse_annotation(returned)[0]
    except AnnotationProblem as problem:
        raise ValueError(str(problem)) from problem


def create_migration(declared: Migration | ChangeInputs) -> Migration:
    """Return the migration that an author declared, as an object or as a function of the inputs alone."""
    return declared if isinstance(declared, Migration) else Migration(change=declared)


def list_replaced(
    replaces: str | Collection[str] | Mapping[str, Migration | ChangeInputs],
) -> dict[str, Migration | None]:
    """Return the old ids of a node type, each with the migration that an author gave it, or None."""
    if isinstance(replaces, str):
        return {replaces: None}
    if isinstance(replaces, Mapping):
        return {old: create_migration(step) for old, step in replaces.items()}
    return dict.fromkeys(replaces)


# -- mistakes in a declaration -------------------------------------------------------------------------


def check_migrations(major: int, migrations: Mapping[int, Any] | None) -> list[str]:
    """Return the mistakes in the migrations of a node type, given the first number of its version."""
    problems = [
        f"migration {old!r} is not from an old major version, a whole number below {major}"
        for old in migrations or {}
        if type(old) is not int or not 0 <= old < major
    ]
    return problems + [
        problem for old, step in (migrations or {}).items() for problem in _check_step(f"migration {old!r}", step)
    ]


def check_replaced(id: str, replaces: Any, pattern: re.Pattern[str]) -> list[str]:
    """Return the mistakes in the old ids of a node type."""
    if not isinstance(replaces, str | Collection):
        return [f"replaces {replaces!r} is not an id, a collection of ids or a mapping"]
    problems = []
    for old in [replaces] if isinstance(replaces, str) else replaces:
        if not isinstance(old, str) or not pattern.fullmatch(old):
            problems.append(f"replaces: {old!r} is not of the form plugin.name in lower case")
        elif old == id:
            problems.append(f"replaces: {old!r} is its own id")
    if isinstance(replaces, Mapping):
        problems += [problem for old, step in replaces.items() for problem in _check_step(f"replaces {old!r}", step)]
    return problems


def _check_step(name: str, step: Any) -> list[str]:
    if not isinstance(step, Migration):
        return [] if callable(step) else [f"{name} is not a function and not a Migration"]
    problems = [f"{name}: values {key!r}: {problem}" for key, value in step.values.items()
                if (problem := _find_conversion_problem(value))]  # fmt: skip
    if step.change is not None and not callable(step.change):
        problems.append(f"{name}: change is not a function")
    for what, names in (("inputs", step.inputs), ("outputs", step.outputs)):
        new = [target for target in names.values() if target is not None]
        twice = sorted({target for target in new if new.count(target) > 1}) if what == "outputs" else []
        problems += [f"{name}: two {what} become {target!r}" for target in twice]
    return problems


def _find_conversion_problem(convert: Any) -> str:
    if not callable(convert):
        return "it is not a function"
    try:
        read_conversion(convert)
    except ValueError as error:
        return str(error)
    return ""


def check_migration_targets(
    version: str,
    migrations: Mapping[int, Migration | ChangeInputs] | None,
    replaces: str | Collection[str] | Mapping[str, Migration | ChangeInputs],
    inputs: Collection[str],
    outputs: Collection[str],
) -> list[str]:
    """Return the names in migrations to the present version that it does not have."""
    major = int(version.partition(".")[0])
    steps = {f"migration {old}": create_migration(step) for old, step in (migrations or {}).items() if old == major - 1}
    steps |= {f"replaces {old!r}": step for old, step in list_replaced(replaces).items() if step is not None}
    problems = []
    for name, step in steps.items():
        given = [*(new for new in step.inputs.values() if new is not None), *step.values]
        unknown = [] if step.change else [new for new in dict.fromkeys(given) if new not in inputs]
        problems += [f"{name}: {new!r} is not an input" for new in unknown]
        problems += [f"{name}: {new!r} is not an output" for new in step.outputs.values() if new not in outputs]
    return problems
