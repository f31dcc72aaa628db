"""Checks of the functions that a node type declares besides itself: `check=` and `migrations=`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studio.api import Migration, Model, NodeType
from studio.api.type_spec import PLAIN_TYPES
from studio.errors import StudioError
from studio.testing.failures import describe_error
from studio.testing.report import Report
from studio.testing.subject import Subject

_UNKNOWN = "a_name_that_no_version_has"


def check_check(subject: Subject, report: Report) -> bool:
    """Call `check=` with the example, with the defaults alone, and with nothing known; return whether all is well."""
    if subject.declared.check is None:
        return True
    known = {name: value for name, value in subject.inputs.items() if _is_literal(subject.declared, name, value)}
    defaults = {end.name: end.default for end in subject.declared.inputs.values() if not end.required}
    problems = _find_problems(subject, known, "the example")
    for values, what in ((defaults, "only the defaults known"), ({}, "nothing known")):
        problems = problems or [one for one in _find_problems(subject, values, what) if "refuses" not in one]
    return report.add("check", problems)


def _is_literal(declared: NodeType, name: str, value: Any) -> bool:
    """Say whether a value is known before a run: it stands in the graph."""
    return declared.inputs[name].spec.name in PLAIN_TYPES or isinstance(value, Model) or value is None


def _find_problems(subject: Subject, values: Mapping[str, Any], what: str) -> list[str]:
    declared = subject.declared
    assert declared.check is not None
    before = copy.deepcopy(dict(values))
    given = copy.deepcopy(before)
    try:
        found = list(declared.check(given, subject.studio.models.library.find_local))
    except (Exception, SystemExit) as error:  # the author's function
        return [f"check raised {describe_error(error)} with {what}; its inputs are those that are known, so use get()"]
    problems = [f"check changed its inputs with {what}; copy them first"] if given != before else []
    for entry in found:
        problems += _find_entry_problems(declared, entry, what)
    return problems


def _find_entry_problems(declared: NodeType, entry: Any, what: str) -> list[str]:
    if not isinstance(entry, tuple) or len(entry) != 2 or not isinstance(entry[1], StudioError):
        return [f"check returned {entry!r}; return (name of an input, StudioError(...))"]
    name, error = entry
    if name not in declared.inputs:
        return [f"check names {name!r}, which is not an input"]
    return [f"check refuses {what}: {error.message}; give an example that it accepts, or correct it"]


# -- migrations ----------------------------------------------------------------------------------------


def check_migrations(subject: Subject, report: Report) -> None:
    """Check that the migrations reach the installed version, and that none loses or changes what it does not know."""
    declared = subject.declared
    if not declared.migrations and not declared.replaces and declared.major <= 1:
        return
    oldest = min(declared.migrations, default=1)
    problems = [
        f"migration {number} is missing: a node of version {min(oldest, number)}.0 cannot be brought to "
        f"{declared.version}; add {number}: Migration(inputs={{old: new}}), or Migration() if no name changed"
        for number in range(min(oldest, 1), declared.major)
        if number not in declared.migrations
    ]
    steps = {f"migration {number}": step for number, step in declared.migrations.items()}
    steps |= {f"the migration of {old!r}": step for old, step in declared.replaces.items() if step is not None}
    for name, step in steps.items():
        problems += [f"{name}: {problem}" for problem in _find_step_problems(step)]
        problems += [f"{name}: {problem}" for problem in _find_conversion_problems(step, declared)]
    problems = problems or list(_find_unknown_results(declared))
    report.add("migrations", problems)


def _find_unknown_results(declared: NodeType) -> Iterator[str]:
    """Yield each name that the migrations lead to, and that the installed version does not have."""
    numbers = sorted(declared.migrations)
    chains = {f"from version {n}.0": [declared.migrations[m] for m in numbers if m >= n] for n in numbers}
    chains |= {f"from {old!r}": [step] for old, step in declared.replaces.items() if step is not None}
    for name, chain in chains.items():
        yield from _find_unknown_outputs(declared, name, chain)
        values: dict[str, Any] = {old: {"from": "node.output"} for old in chain[0].inputs}
        try:
            for step in chain:
                values = step.migrate_inputs(values)
        except (Exception, SystemExit):  # the author's function, which may need other inputs or literals
            continue
        for new in values:
            if new not in declared.inputs:
                yield f"{name}: {new!r} is not an input of version {declared.version}; name one of its inputs"


def _find_conversion_problems(step: Migration, declared: NodeType) -> list[str]:
    """Return the inputs that keep their names and whose default is converted, as if it were an old value."""
    problems = []
    for name, convert in step.list_kept().items():
        default = declared.inputs[name].default if name in declared.inputs else None
        if default is None:
            continue
        try:
            converted = convert(default)
        except Exception as error:  # the author's function
            problems.append(f"values {name!r} raised {describe_error(error)} for the default {default!r}")
        else:
            changed = converted != default
            problems += [
                f"values {name!r} makes {converted!r} of {default!r}; return today's values as they are"
            ] * changed
    return problems


def _find_step_problems(step: Migration) -> list[str]:
    if step.change is None:
        return []
    given = {_UNKNOWN: [{"from": "node.output"}]}
    try:
        migrated = step.change(given)
    except KeyError:
        return []  # it needs an input that old graphs have
    except (Exception, SystemExit) as error:  # the author's function
        return [f"it raised {describe_error(error)} for inputs that it does not know; return them as they are"]
    if not isinstance(migrated, Mapping):
        return [f"it returned {migrated!r}; return the inputs of the next version, by name"]
    if given != {_UNKNOWN: [{"from": "node.output"}]}:
        return ["it changes the mapping that it gets; return a new one"]
    if _UNKNOWN not in migrated:
        return ["it drops inputs that it does not know, so a mistyped name is lost; pass them on"]
    return []


def _find_unknown_outputs(declared: NodeType, name: str, chain: Sequence[Migration]) -> Iterator[str]:
    for new in chain[0].outputs.values():
        for step in chain[1:]:
            new = step.rename_output(new)
        if new not in declared.outputs:
            yield f"{name}: {new!r} is not an output of version {declared.version}; name one of its outputs"
