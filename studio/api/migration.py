"""`Migration`: how a node that was written for an old version of its type is read today."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

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
        change: Called with the inputs once they have their new names; returns those of the next version. For what a
            new name does not say: other units, other choices, an input that became two.
    """

    inputs: Mapping[str, str | None] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    first_output: str | None = None
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
        return renamed if self.change is None else dict(self.change(renamed))

    def rename_output(self, name: str) -> str:
        """Return the new name of an output; "" is the first one.

        Args:
            name: Its name in the old version, or "".
        """
        name = name or self.first_output or ""
        return self.outputs.get(name, name)


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
            problems.append(f"replaces: {old!r} is not of the form plugin.verb_noun")
        elif old == id:
            problems.append(f"replaces: {old!r} is its own id")
    if isinstance(replaces, Mapping):
        problems += [problem for old, step in replaces.items() for problem in _check_step(f"replaces {old!r}", step)]
    return problems


def _check_step(name: str, step: Any) -> list[str]:
    if not isinstance(step, Migration):
        return [] if callable(step) else [f"{name} is not a function and not a Migration"]
    problems = []
    if step.change is not None and not callable(step.change):
        problems.append(f"{name}: change is not a function")
    for what, names in (("inputs", step.inputs), ("outputs", step.outputs)):
        new = [target for target in names.values() if target is not None]
        twice = sorted({target for target in new if new.count(target) > 1}) if what == "outputs" else []
        problems += [f"{name}: two {what} become {target!r}" for target in twice]
    return problems


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
        unknown = [] if step.change else [new for new in step.inputs.values() if new is not None and new not in inputs]
        problems += [f"{name}: {new!r} is not an input" for new in unknown]
        problems += [f"{name}: {new!r} is not an output" for new in step.outputs.values() if new not in outputs]
    return problems
