"""Turns a foreign document into a graph, with the rules of plugins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api.foreign import ForeignLink, ForeignNode, ImportGap, ImportRule, Made
from studio.graph.catalog import Catalog
from studio.graph.foreign.document import ForeignDocument
from studio.graph.foreign.flow import Flow, find_needed, list_links, simplify
from studio.graph.foreign.report import FileReport, NodeReport, Report, is_pickle
from studio.graph.foreign.weights_folders import WeightsFolders, check_name
from studio.graph.foreign.writing import GraphWriter

_MOST_NOTES = 20
_LONGEST_NOTE = 2000


@dataclass(frozen=True)
class _Absent:
    """Stands for the value of a node that is missing."""

    node: ForeignNode


class _Importer:
    """Asks rules, and notes what they tell; `studio.api.foreign.Importer` documents its methods."""

    def __init__(self, flow: Flow, needed: set[str], writer: GraphWriter, folders: WeightsFolders, media: Path) -> None:
        self._flow = flow
        self._writer = writer
        self._folders = folders
        self._media = media
        self.values: dict[ForeignLink, Any] = {}
        self.reports: dict[str, NodeReport] = {}
        self.files: dict[tuple[str, str], FileReport] = {}
        self._users: dict[str, list[tuple[ForeignNode, str]]] = {}
        for node_id, node in flow.nodes.items():
            for name, value in node.inputs.items() if node_id in needed else ():
                if isinstance(value, ForeignLink):
                    self._users.setdefault(value.node, []).append((node, name))

    def get(self, node: ForeignNode, name: str, default: Any = None) -> Any:
        value = node.inputs.get(name)
        if not isinstance(value, ForeignLink):
            return default if value is None else value
        found = self.values.get(value, default)
        if isinstance(found, _Absent):
            raise _Depends(found.node)
        return found

    def has(self, type: str, name: str = "", choice: str = "") -> bool:
        return self._writer.has(type, name, choice)

    def add(self, node: ForeignNode, type: str, inputs: Mapping[str, Any], *, name: str = "", output: str = "") -> str:
        edge = self._writer.add(node, type, inputs, name=name, output=output)
        self.report(node).nodes.append(edge.partition(".")[0])
        for change in self._writer.changed:
            self.differ(node, change)
        return edge

    def take(self, node: ForeignNode, name: str, type: str, default: Any = None, description: str = "") -> str:
        return self._writer.take(node, name, type, default, description)

    def find_model(self, node: ForeignNode, kind: str, name: str) -> str:
        safe, address = _split_address(str(name))
        if safe is None:
            raise ImportGap(f"a file name inside its folder, not {str(name)[:80]!r}")
        url = address or next((file.url for file in node.files if file.name == safe.rpartition("/")[2]), "")
        path = self._folders.find(kind, safe)
        self._note_file(FileReport(safe, kind, url, str(path) if path else "", is_pickle(safe)))
        return self._folders.write_reference(kind, safe)

    def find_media(self, name: str) -> str | None:
        safe = check_name(name)
        for folder in ("", "input"):
            if safe is not None and (self._media / folder / safe).is_file():
                path = (self._media / folder / safe).resolve()
                base = self._folders.base
                return path.relative_to(base).as_posix() if path.is_relative_to(base) else None
        if safe is not None:
            self._note_file(FileReport(safe, "input"))
        return None

    def need(self, name: str, url: str, folder: str) -> None:
        self._note_file(FileReport(name, folder, url))

    def list_users(self, node: ForeignNode) -> Sequence[tuple[ForeignNode, str]]:
        return self._users.get(node.id, ())

    def find(self, id: str) -> ForeignNode | None:
        return self._flow.nodes.get(id)

    def differ(self, node: ForeignNode, why: str) -> None:
        report = self.report(node)
        if report.status == "exact":
            report.status = "close"
        if why not in report.why:
            report.why.append(why)

    def drop(self, node: ForeignNode, why: str) -> None:
        report = self.report(node)
        report.status = "dropped"
        report.why.append(why)

    def report(self, node: ForeignNode) -> NodeReport:
        """Return the report of a node."""
        return self.reports.setdefault(node.id, NodeReport(node.id, node.kind, node.title))

    def miss(self, node: ForeignNode, what: str, nearest: str = "") -> None:
        """Report that a node is missing."""
        report = self.report(node)
        report.status, report.nearest, report.why = "missing", nearest, [what]

    def _note_file(self, file: FileReport) -> None:
        known = self.files.get((file.folder, file.name))
        if known is None or (file.url and not known.url):
            self.files[file.folder, file.name] = file


def _split_address(name: str) -> tuple[str | None, str]:
    """Return the name of a file, and its address if the name is one."""
    if not name.startswith(("https://", "http://")):
        return check_name(name), ""
    last = name.partition("?")[0].rpartition("/")[2]
    return check_name(last if "." in last else f"{last}.safetensors"), name


class _Depends(ImportGap):
    """Raised for a value of a node that is missing; that node says what is missing."""

    def __init__(self, node: ForeignNode) -> None:
        super().__init__(f"needs node {node.id} ({node.kind})")


def import_document(
    document: ForeignDocument,
    rules: Mapping[str, ImportRule],
    catalog: Catalog,
    folders: WeightsFolders,
    *,
    media: Path,
    title: str,
) -> tuple[dict[str, Any] | None, Report]:
    """Turn a foreign document into a graph.

    Args:
        document: The document.
        rules: Rules by class.
        catalog: The node types that are installed.
        folders: Where weights are.
        media: Folder that has the media that the document names.
        title: Title of the graph, if the document has none.

    Returns:
        The graph, or None if no output of it could be made, and the report.

    Raises:
        UsageError: E029 for a cycle.
    """
    flow = simplify(document, rules)
    wanted = _find_outputs(flow, rules)
    needed = find_needed(flow.nodes, wanted)
    writer = GraphWriter(catalog)
    importer = _Importer(flow, needed, writer, folders, media)
    for node_id, node in flow.nodes.items():
        if node_id in needed:
            _convert(importer, writer, node, rules.get(node.kind), is_output=node_id in wanted)
    _report_rest(importer, document, flow, needed, rules)
    reports = [importer.reports[node_id] for node_id in sorted(importer.reports, key=_order)]
    files = [importer.files[key] for key in sorted(importer.files)]
    report = Report(document.program, reports, files)
    if not writer.outputs:
        return None, report
    _prune(writer)
    _describe_nodes(writer, reports)
    ui = {"imported_from": document.program, "notes": [note[:_LONGEST_NOTE] for note in document.notes[:_MOST_NOTES]]}
    graph = writer.to_json(title=document.title or title, description=_describe(report), ui=ui)
    return graph, report


def _order(node_id: str) -> tuple[Any, ...]:
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in node_id.split(":"))


def _find_outputs(flow: Flow, rules: Mapping[str, ImportRule]) -> set[str]:
    """Return the nodes that write files; viewers count where they show what no file has."""
    roles = {node_id: rules[node.kind].role if node.kind in rules else "" for node_id, node in flow.nodes.items()}
    outputs = {node_id for node_id, role in roles.items() if role == "output" and flow.nodes[node_id].inputs}
    seen = find_needed(flow.nodes, outputs)
    for node_id, role in roles.items():
        sources = {link.node for link in list_links(flow.nodes[node_id])}
        if role == "viewer" and sources and not sources & seen:
            outputs.add(node_id)
    return outputs or _find_ends(flow, roles)


def _find_ends(flow: Flow, roles: Mapping[str, str]) -> set[str]:
    """Return the nodes that nothing uses, for a document whose outputs are of an unknown kind."""
    used = {link.node for node in flow.nodes.values() for link in list_links(node)}
    return {
        node_id
        for node_id, node in flow.nodes.items()
        if node_id not in used and list_links(node) and not roles[node_id]
    }


def _convert(
    importer: _Importer, writer: GraphWriter, node: ForeignNode, rule: ImportRule | None, *, is_output: bool
) -> None:
    """Ask the rule of a node, and keep what its outputs are."""
    before = len(writer.nodes)
    try:
        if rule is None or (rule.convert is None and not rule.passes and rule.role != "viewer"):
            raise ImportGap(f"class {node.kind}")
        importer.report(node)
        _keep(importer, writer, node, _ask(importer, writer, node, rule, is_output=is_output))
        return
    except ImportGap as gap:
        importer.miss(node, gap.what, gap.nearest)
    except (KeyError, TypeError, ValueError, ArithmeticError, IndexError, AttributeError, RecursionError) as error:
        importer.miss(node, f"valid inputs ({str(error)[:120]})")  # whatever a document says
    for name in list(writer.nodes)[before:]:
        del writer.nodes[name]
    importer.report(node).nodes.clear()
    for slot in range(16):
        importer.values[ForeignLink(node.id, slot)] = _Absent(node)


def _ask(importer: _Importer, writer: GraphWriter, node: ForeignNode, rule: ImportRule, *, is_output: bool) -> Any:
    if rule.role == "viewer":
        return _view(importer, writer, node, is_output=is_output)
    if rule.passes:
        importer.drop(node, "it changes no result")
        return importer.get(node, rule.passes)
    assert rule.convert is not None
    found = rule.convert(importer, node)
    if rule.role == "output" and not _write_output(writer, node, found):
        raise ImportGap("an image, audio or video to write")
    return found


def _view(importer: _Importer, writer: GraphWriter, node: ForeignNode, *, is_output: bool) -> Any:
    values = [importer.get(node, name) for name in node.inputs]
    found = next((value for value in values if isinstance(value, Made)), None)
    if not is_output:
        importer.drop(node, "it only shows what another output contains")
    elif not _write_output(writer, node, found):
        importer.drop(node, "it shows what no file contains")
    return found


def _write_output(writer: GraphWriter, node: ForeignNode, found: Any) -> bool:
    """Make a value an output, and each value of a list one; return whether there is any."""
    value = found.value if isinstance(found, Made) else None
    values: list[Any] = value if isinstance(value, list) else [value]
    edges = [str(one["from"]) for one in values if isinstance(one, dict) and "from" in one]
    if isinstance(found, Made) and edges:
        prefix = node.inputs.get("filename_prefix")
        name = prefix.rpartition("/")[2] if isinstance(prefix, str) else ""
        plain = "" if name.lower() in ("comfyui", "image", "") else name
        for edge in edges:
            writer.put(node.title if plain == "" and _is_telling(node) else plain or found.kind, edge)
    return bool(edges)


def _is_telling(node: ForeignNode) -> bool:
    from studio.graph.foreign.names import find_title

    return bool(find_title(node.title, node.kind))


def _keep(importer: _Importer, writer: GraphWriter, node: ForeignNode, found: Any) -> None:
    values = found if isinstance(found, tuple) else (found,)
    for slot, value in enumerate(values):
        importer.values[ForeignLink(node.id, slot)] = writer.spread(value) if isinstance(value, Made) else value


def _report_rest(
    importer: _Importer, document: ForeignDocument, flow: Flow, needed: set[str], rules: Mapping[str, ImportRule]
) -> None:
    """Report the nodes that were not converted."""
    for node, why in document.left_out.values():
        importer.drop(node, why)
    for node, why in document.unsure.values():
        importer.differ(node, why)
    for node_id, names in flow.lost.items():
        if node_id in needed:
            importer.differ(document.nodes[node_id], f"lost links: {', '.join(names)[:200]}")
    for node_id in flow.folded:
        node = document.nodes[node_id]
        if not node.kind.startswith("@") and node_id not in document.left_out:
            importer.drop(node, "its value is written where it is used")
    for node_id, node in flow.nodes.items():
        if node_id not in needed:
            rule = rules.get(node.kind)
            viewer = rule is not None and rule.role == "viewer"
            importer.drop(node, "it only shows what another output contains" if viewer else "no output needs it")


def _prune(writer: GraphWriter) -> None:
    """Drop nodes and inputs that no output needs."""
    used = set(_list_edges(list(writer.outputs.values())))
    pending = [name for name in used if name in writer.nodes]
    while pending:
        for name in _list_edges(writer.nodes[pending.pop()]["inputs"]):
            if name not in used:
                used.add(name)
                if name in writer.nodes:
                    pending.append(name)
    writer.nodes = {name: node for name, node in writer.nodes.items() if name in used}
    writer.inputs = {name: row for name, row in writer.inputs.items() if f"inputs.{name}" in used}


def _list_edges(value: Any) -> list[str]:
    """Return what edges name: nodes, and inputs of the graph."""
    found, pending = [], [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict) and isinstance(one.get("from"), str):
            edge = one["from"]
            found.append(edge if edge.startswith("inputs.") else edge.partition(".")[0])
        elif isinstance(one, dict | list):
            pending += list(one.values() if isinstance(one, dict) else one)
    return found


def _describe_nodes(writer: GraphWriter, reports: Iterable[NodeReport]) -> None:
    """Write what differs into the descriptions of nodes."""
    for report in reports:
        for name in report.nodes if report.status == "close" else ():
            if name in writer.nodes:
                node = writer.nodes[name]
                writer.nodes[name] = {"type": node["type"], "description": "; ".join(report.why), **node}


def _describe(report: Report) -> str:
    """Say in the graph what was left out."""
    gone = [f"{node.kind} ({node.id}): {'; '.join(node.why)}" for node in report.nodes if node.status == "missing"]
    dropped = sorted({node.kind for node in report.nodes if node.status == "dropped"})
    text = f"Imported from {report.program}."
    if dropped:
        text += f" Left out without loss: {', '.join(dropped)}."
    return text + (f" Missing: {'. '.join(gone)}." if gone else "")
