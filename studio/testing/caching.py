"""Checks of what the cache and a graph make of a node type: fingerprints, codecs, schema, two runs."""

from __future__ import annotations

import json
from typing import Any

from studio.api import Model
from studio.api.type_spec import PLAIN_TYPES
from studio.errors import CacheError, Finding, GraphError, StudioError
from studio.graph import parse_graph
from studio.testing.report import Report
from studio.testing.subject import NODE, Called, Subject

_NONE = "no fingerprint"


def check_unkeyed(subject: Subject, report: Report, reference: Called) -> None:
    """See that inputs marked `Unkeyed` do not change the outputs."""
    names = [end.name for end in subject.declared.inputs.values() if end.unkeyed and end.name in subject.variants]
    problems = []
    for name in names:
        called = subject.call({**subject.inputs, name: subject.variants[name]})
        if called.error is not None or called.digests != reference.digests:
            problems.append(f"input {name!r} is Unkeyed and changes the result; remove the mark")
    if names:
        report.add("unkeyed inputs", problems)


# -- codecs ----------------------------------------------------------------------------------------


def check_codecs(subject: Subject, report: Report, reference: Called) -> None:
    """Encode and decode every value and see that it has the digest that it had."""
    if subject.declared.cache == "never":
        report.skip("codecs", 'declared cache="never": nothing of it is kept')
        return
    values = {f"output {name!r}": value for name, value in reference.values.items()}
    classes = tuple(subject.studio.registry.classes.values())
    values |= {f"input {name!r}": value for name, value in subject.inputs.items() if isinstance(value, classes)}
    report.add("codecs", [f"{end}: {told}" for end, value in values.items() for told in _round_trip(subject, value)])


def _round_trip(subject: Subject, value: Any) -> list[str]:
    codecs = subject.studio.cache.codecs
    digest = subject.digest(value)
    if not digest:
        return [
            f"a {type(value).__name__} has no digest, so it is never cached; register a ValueType whose `python` "
            "is its class, and pass it here with value_types="
        ]
    stream = codecs.find_stream(value)
    if stream is not None and stream.find_origin(value) is not None:
        return []  # it is not stored, but read again from the user's own file
    try:
        encoded = codecs.encode(value, subject.digest)
        if encoded is None:
            return [f"a {type(value).__name__} cannot be stored; give its ValueType pack() and unpack()"]
        if encoded.codec == "list":
            return [problem for entry in encoded.entries for problem in _round_trip(subject, entry)]
        back = _decode(subject, value, encoded)
    except CacheError as error:
        return [f"its codec cannot read back what it wrote: {error.message}"]
    except Exception as error:  # the author's codec
        return [f"its codec raised {type(error).__name__}: {error}; pack() returns plain JSON and C-contiguous arrays"]
    if type(back) is not type(value) or subject.digest(back) != digest:
        return ["its codec loses something: unpack(pack(value)) has another digest; pack all that tells values apart"]
    return []


def _decode(subject: Subject, value: Any, encoded: Any) -> Any:
    codecs = subject.studio.cache.codecs
    stream = codecs.find_stream(value)
    if stream is None:
        return codecs.decode(encoded.codec, encoded.data)
    path = subject.folder / f"stored.{stream.stored_extension}"
    path.unlink(missing_ok=True)
    stream.encode(value, path)
    return codecs.open_stream(encoded.codec, path)


# -- graph and schema ------------------------------------------------------------------------------


def check_graph(subject: Subject, report: Report) -> bool:
    """See that the node type stands in a graph, and that the graph fits the JSON Schema of what is installed."""
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
        import jsonschema  # type: ignore[import-untyped,unused-ignore]  # there are stubs, but no need of them

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
    """See that every input changes the fingerprint, but the unkeyed ones, and that a default written out does not."""
    if subject.declared.cache != "pure":
        report.skip("fingerprint", f'declared cache="{subject.declared.cache}": nothing is looked up')
        return
    example = subject.example
    base = _find_fingerprint(subject, example)
    if base.startswith(_NONE):
        report.add("fingerprint", [f"the example has {base}; register a ValueType for the class of each input"])
        return
    problems = []
    for name, variant in subject.variants.items():
        changed = _find_fingerprint(subject, {**example, name: variant})
        if changed.startswith(_NONE):
            problems.append(f"with another value at input {name!r} there is {changed}; pass one that works: variants=")
        elif subject.declared.inputs[name].unkeyed and changed != base:
            problems.append(f"input {name!r} is Unkeyed and changes the fingerprint; this is a mistake of Studio's")
        elif not subject.declared.inputs[name].unkeyed and changed == base:
            problems.append(
                f"another value at input {name!r} leaves the fingerprint as it is, so the cache would give "
                "a wrong result; let pack() of its ValueType hold all that tells values apart"
            )
    report.add("fingerprint", problems + _find_default_problems(subject, base))


def _find_default_problems(subject: Subject, base: str) -> list[str]:
    """Return the inputs whose default, written into a graph, is not the same as leaving it out."""
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
        return subject.find_fingerprint(inputs) or f"{_NONE}: an input has no digest"
    except StudioError as error:
        return f"{_NONE}: {error.message}"


def check_runs(subject: Subject, report: Report, reference: Called) -> None:
    """Run the node twice in a Studio: the second time it comes from the cache, with the digests of a plain call."""
    document, given = subject.write_graph(subject.example)
    graph = parse_graph(document, base=subject.folder)
    writes = any(end.spec.name == "path" for end in subject.declared.inputs.values())
    output = subject.folder / "output" if writes else None
    pure = subject.declared.cache == "pure"
    problems: list[str] = []
    for number in (1, 2) if pure else (1,):
        result = subject.studio.run(graph, given, output=output)
        if result.status != "done":
            told = "; ".join(error.message for error in result.errors) or result.status
            problems.append(f"run {number} of a graph with it ended as {result.status!r}: {told}")
            break
        node = result.manifest["nodes"][NODE]
        if number == 2 and node["cached"] != node["calls"]:
            problems.append(
                "the second run of the same graph did not come from the cache; give every input and output a digest"
            )
        if pure:
            problems += [
                f"run {number}: output {name!r} differs from that of a plain call; let it depend on inputs alone"
                for name, digest in reference.digests.items()
                if node["outputs"].get(name) != digest
            ]
    report.add("runs", problems)
    if not pure:
        report.skip("second run", f'declared cache="{subject.declared.cache}": it runs each time')
