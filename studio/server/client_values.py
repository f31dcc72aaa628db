"""What clients write: files by digest alone, and nothing that names a path of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from studio.api import TypeSpec
from studio.api.model import SCHEMES
from studio.errors import Finding
from studio.execution.plan import Plan
from studio.graph import Graph
from studio.graph.declared_inputs import parse_declared_type
from studio.graph.document import is_file, is_pattern, is_quoted
from studio.graph.json_pointer import escape
from studio.graph.paths import InputFile
from studio.graph.text_values import is_read_from_file
from studio.server.file_store import parse_file_name
from studio.server.stack_names import find_models

_HINT = 'upload the file with POST /api/v1/files and write {"file": "blake3:..."}'
_NO_MODEL = "name weights as builtin:, local:, hub: or kept:; the operator adds a local name with `studio models add`"
_UNQUOTED = "a file or a model is not quoted"
_DEEPEST = 200
_MOST_FAULTS = 100
_LONGEST_SHOWN = 200


def find_document_faults(document: Mapping[str, Any]) -> list[Finding]:
    """Return a finding for each place of a client's document that names a file or a graph of this machine."""
    faults: list[Finding] = []
    for kind, key in (("nodes", "inputs"), ("inputs", "default")):
        parts = document.get(kind)
        for name, part in parts.items() if isinstance(parts, dict) else ():
            if isinstance(part, dict):
                place = f"/{kind}/{escape(str(name))}"
                faults += find_value_faults(part.get(key), f"{place}/{key}")
                faults += _find_graph_faults(part.get("type"), f"{place}/type")
    return faults


def _find_graph_faults(node_type: Any, where: str) -> list[Finding]:
    if not isinstance(node_type, str) or not node_type.startswith("graph:"):
        return []
    message, hint = _say_file_of_the_server(node_type), "put the nodes of that graph into this one"
    return [Finding("E815", where, message, "a node type", node_type[:_LONGEST_SHOWN], hint)]


def _say_file_of_the_server(written: str) -> str:
    return f"{written[:_LONGEST_SHOWN]!r} names a file of the server"


def find_value_faults(value: Any, where: str) -> list[Finding]:
    """Return findings for the first `{"file": ...}` and `{"files": ...}` in a value that are no uploaded files."""
    faults = (
        refuse_file(written, place)
        for place, key, written in _find_files(value, where)
        if key == "files" or parse_file_name(written) is None
    )
    return list(islice(faults, _MOST_FAULTS))


def refuse_file(written: str, where: str) -> Finding:
    """Return the finding for what names a file of this machine."""
    return Finding("E815", where, _say_file_of_the_server(written), "blake3:HEX", written[:_LONGEST_SHOWN], _HINT)


def _find_quoted_faults(value: Any, where: str) -> list[Finding]:
    """Return a finding for a quoted literal in a value: what is in it would be bound as if nobody looked at it."""
    pending = [(value, where, 0)]
    while pending:
        one, place, depth = pending.pop()
        if is_quoted(one) or depth > _DEEPEST:
            return [Finding("E815", place, _UNQUOTED, "blake3:HEX or a model reference", "a quoted literal", _HINT)]
        entries = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        pending += [(entry, f"{place}/{escape(str(key))}", depth + 1) for key, entry in entries]
    return []


def list_files(value: Any, where: str = "") -> dict[str, str]:
    """Return the names of uploaded files in a value, each with a place of it."""
    found = _find_files(value, where)
    return {written: place for place, key, written in found if key == "file" and parse_file_name(written)}


def _find_files(value: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """Yield place, key and name of each file or pattern in a value, without recursion."""
    pending = [(value, where, 0)]
    while pending:
        one, place, depth = pending.pop()
        if depth > _DEEPEST:
            continue  # the binder refuses it
        if is_file(one) or is_pattern(one):
            yield from ((place, key, written) for key, written in one.items())
        elif isinstance(one, dict) and not is_quoted(one):
            pending += [(entry, f"{place}/{escape(str(key))}", depth + 1) for key, entry in one.items()]
        elif isinstance(one, list):
            pending += [(entry, f"{place}/{index}", depth + 1) for index, entry in enumerate(one)]


def restore_values(
    graph: Graph, values: Mapping[str, Any], find_path: Callable[[str], Path], faults: list[Finding]
) -> dict[str, Any]:
    """Return a client's values as `Studio.run` takes them, with uploaded files as input files.

    Args:
        graph: The graph.
        values: What the client gave: plain JSON.
        find_path: Returns where an uploaded file is, by its name.
        faults: Where findings go: values that name a path of this machine.
    """
    restored = {}
    for name, value in values.items():
        where = f"/inputs/{escape(name)}"
        declared = graph.document.inputs.get(name)
        spec = parse_declared_type(declared) if declared is not None else TypeSpec("json")
        faults += find_value_faults(value, where)
        if spec.name == "model":
            faults += _find_model_faults(value, where)
        if spec.name == "model" or is_read_from_file(spec):
            faults += _find_quoted_faults(value, where)
        restored[name] = _restore(value, where, find_path, faults) if is_read_from_file(spec) else value
    return restored


def _restore(value: Any, where: str, find_path: Callable[[str], Path], faults: list[Finding]) -> Any:
    if isinstance(value, list):
        return [_restore(entry, f"{where}/{index}", find_path, faults) for index, entry in enumerate(value)]
    if is_file(value) and parse_file_name(value["file"]):
        return InputFile(find_path(value["file"]), value["file"])
    if isinstance(value, str):
        found = value[:_LONGEST_SHOWN]
        faults.append(Finding("E815", where, _say_file_of_the_server(value), "an uploaded file", found, _HINT))
    return value


def _find_model_faults(value: Any, where: str) -> list[Finding]:
    """Return a finding for each reference in a value of a model input that names a path."""
    entries = value if isinstance(value, list) else [value]
    texts = []
    for entry in entries:
        given = entry if isinstance(entry, dict) else {"model": entry}
        options = given.get("options")
        named = [*(options.values() if isinstance(options, dict) else ())]
        texts += [given.get("model"), *named]
    return [_refuse_model(text, where) for text in texts if isinstance(text, str) and _names_path(text)]


def find_model_faults(plan: Plan) -> list[Finding]:
    """Return a finding for each node of a client's document that reads weights by a path."""
    return [
        _refuse_model(text, f"/nodes/{escape(node.id)}/inputs/{escape(name)}")
        for node in plan.nodes.values()
        for name, bound in node.inputs.items()
        for model in find_models(bound.source)
        for text in (model.reference, *(value for _, value in model.options))
        if isinstance(text, str) and _names_path(text)
    ]


def _names_path(text: str) -> bool:
    scheme = text.partition(":")[0]
    return scheme == "file" or (scheme not in SCHEMES and ("/" in text or "\\" in text))


def _refuse_model(text: str, where: str) -> Finding:
    message, wanted = _say_file_of_the_server(text), "a model reference without a path"
    return Finding("E815", where, message, wanted, text[:_LONGEST_SHOWN], _NO_MODEL)
