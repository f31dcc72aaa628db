"""Checks of a node type in the cache and in a graph: fingerprints, codecs, schema, two runs."""

from __future__ import annotations

import json
from typing import Any

from studio.api import Model
from studio.api.type_spec import PLAIN_TYPES
from studio.app import RunResult
from studio.errors import Finding, GraphError, StudioError
from studio.graph import parse_graph
from studio.testing.codecs import find_codec_failures, find_codec_problems, find_value_problems
from studio.testing.report import Report
from studio.testing.subject import NODE, Called, Subject

_MISSING = "no fingerprint"


def check_unkeyed(subject: Subject, report: Report, reference: Called) -> None:
    """Check that inputs marked `Unkeyed` do not change the outputs."""
    names = [end.name for end in subject.declared.inputs.values() if end.unkeyed and end.name in subject.variants]
    problems = []
    for name in names:
        called = subject.call({**subject.inputs, name: subject.variants[name]})
        if called.error is not None or called.digests != reference.digests:
            problems.append(f"input {name!r} is Unkeyed and changes the result; remove the mark")
    if names:
        report.add("unkeyed inputs", problems)


# -- values and codecs -----------------------------------------------------------------------------


def check_input_values(subject: Subject, report: Report) -> bool:
    """Check the values of the example by the methods of their value types; without them nothing can be called."""
    problems = []
    for name, value in {**subject.example, **subject.variants}.items():
        problems += [f"input {name!r}: {problem}" for problem in find_value_problems(subject, value)]
        problems += [f"input {name!r}: {problem}" for problem in find_codec_failures(subject, value)]
    return not problems or report.add("values", problems)


def check_codecs(subject: Subject, report: Report, reference: Called) -> None:
    """Encode and decode every value, and check that its digest is the same."""
    if subject.declared.cache == "never":
        report.skip("codecs", 'declared cache="never": nothing of it is stored')
        return
    values = {f"output {name!r}": value for name, value in reference.values.items()}
    classes = tuple(subject.studio.registry.classes.values())
    values |= {f"input {name!r}": value for name, value in subject.inputs.items() if isinstance(value, classes)}
    report.add(
        "codecs",
        [f"{end}: {problem}" for end, value in values.items() for problem in find_codec_problems(subject, value)],
    )
    found = {end: find_value_problems(subject, value) for end, value in values.items()}
    report.add("values", [f"{end}: {problem}" for end, problems in found.items() for problem in problems])


# -- graph and schema ------------------------------------------------------------------------------


def check_graph(subject: Subject, report: Report) -> bool:
    """Check that the node type works in a graph, and that the graph fits the JSON Schema of what is installed."""
    document, _ = subject.write_graph(subject.example)
    try:
        graph = parse_graph(json.dumps(document), base=subject.folder)
        findings = subject.studio.resolve(graph).errors
    except GraphError as error:
        findings = list(error.findings)
    valid = report.add("graph", [f"a graph with the example is invalid: {_describe_finding(one)}" for one in findings])
    _check_schema(subject, report, document)
    return valid


def _describe_finding(finding: Finding) -> str:
    return f"{finding}; expected {finding.expected or '?'}, found {finding.found or '?'}"


def _check_schema(subject: Subject, report: Report, document: dict[str, Any]) -> None:
    try:
        import jsonschema  # type: ignore[import-untyped,unused-ignore]  # its stubs are not installed

        from studio.graph.schema import create_installed_schema
    except ImportError as error:
        report.skip("schema", f"{error.name} is not installed")
        return
    validator = jsonschema.Draft202012Validator(create_installed_schema(subject.studio.registry))
    problems = [
        f"the JSON Schema of the node type refuses the example at /{'/'.join(map(str, error.absolute_path))}: "
        f"{error.message[:200]}"
        for error in validator.iter_errors(document)
    ]
    report.add("schema", problems)


# -- fingerprints and runs -------------------------------------------------------------------------


def check_fingerprints(subject: Subject, report: Report) -> None:
    """Check that inputs change the fingerprint, and that unkeyed inputs and a default written out do not."""
    if subject.declared.cache != "pure":
        report.skip("fingerprint", f'declared cache="{subject.declared.cache}": nothing is looked up')
        return
    base = _find_fingerprint(subject, subject.example)
    if base.startswith(_MISSING):
        report.add("fingerprint", [f"the example has {base}; register a ValueType for the class of each input"])
        return
    problems = [_find_variant_problem(subject, name, base) for name in subject.variants]
    report.add("fingerprint", [*filter(None, problems), *_find_default_problems(subject, base)])


def _find_variant_problem(subject: Subject, name: str, base: str) -> str:
    """Return what is wrong with the fingerprint when an input has its other value, or ""."""
    changed = _find_fingerprint(subject, {**subject.example, name: subject.variants[name]})
    unkeyed = subject.declared.inputs[name].unkeyed
    if changed.startswith(_MISSING):
        if subject.call({**subject.inputs, name: subject.variants[name]}).error is not None:
            return ""  # it is refused before a run as in a call
        return f"with another value at input {name!r} there is {changed}; pass one that works: variants="
    if unkeyed and changed != base:
        return f"input {name!r} is Unkeyed and changes the fingerprint; this is a bug of Studio"
    if not unkeyed and changed == base:
        return (
            f"another value at input {name!r} leaves the fingerprint as it is. If the two values differ, the cache "
            "would return a wrong result: let pack() of its ValueType contain all that distinguishes them. If they are "
            "equal, give another: variants="
        )
    return ""


def _find_default_problems(subject: Subject, base: str) -> list[str]:
    """Return the inputs whose default gives another fingerprint when it is written into a graph."""
    ends = [end for end in subject.declared.inputs.values() if not end.required and end.name not in subject.example]
    written = {end.name: end.default for end in ends if end.spec.name in PLAIN_TYPES or isinstance(end.default, Model)}
    return [
        f"the default of input {name!r} written into a graph gives another fingerprint than leaving it out; "
        "let it be of the declared type"
        for name, value in written.items()
        if _find_fingerprint(subject, {**subject.example, name: value}) != base
    ]


def _find_fingerprint(subject: Subject, inputs: dict[str, Any]) -> str:
    try:
        return subject.find_fingerprint(inputs) or f"{_MISSING}: an input has no digest"
    except StudioError as error:
        return f"{_MISSING}: {error.message}"


def check_runs(subject: Subject, report: Report, reference: Called) -> None:
    """Run the node in a graph twice: the second run comes from the cache, and the outputs equal those of a call."""
    pure = subject.declared.cache == "pure"
    problems: list[str] = []
    for number in (1, 2) if pure else (1,):
        try:
            result = _run_once(subject)
        except StudioError as error:
            problems.append(f"run {number} of a graph with it raised {error.code}: {error.message}")
            break
        problems += _find_run_problems(subject, reference, number, result)
        if result.status != "done":
            break
    report.add("runs", problems)
    if not pure:
        report.skip("second run", f'declared cache="{subject.declared.cache}": it runs each time')


def _run_once(subject: Subject) -> RunResult:
    document, given = subject.write_graph(subject.example)
    writes = any(end.spec.name == "path" for end in subject.declared.inputs.values())
    graph = parse_graph(document, base=subject.folder)
    return subject.studio.run(graph, given, output=subject.folder / "output" if writes else None)


def _find_run_problems(subject: Subject, reference: Called, number: int, result: RunResult) -> list[str]:
    if result.status != "done":
        reason = "; ".join(error.message for error in result.errors) or result.status
        return [f"run {number} of a graph with it ended as {result.status!r}: {reason}"]
    if subject.declared.cache != "pure":
        return []
    node = result.manifest["nodes"][NODE]
    problems = [
        f"run {number}: output {name!r} differs from that of a plain call; let it depend on inputs alone"
        for name, digest in reference.digests.items()
        if node["outputs"].get(name) != digest and not subject.declared.expands  # a call returns the subgraph alone
    ]
    if number == 2 and node["cached"] != node["calls"]:
        hint = "give every input and output a digest"
        problems.insert(0, f"the second run of the same graph did not come from the cache; {hint}")
    return problems
