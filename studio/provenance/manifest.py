"""The manifest that every run leaves: what ran, from what, where, how long, and what it made. Written and read here."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from studio.errors import RunError
from studio.execution.outcome import Outcome
from studio.files import RECORDS_FOLDER, read_regular_file, replace_file, resolve_path
from studio.graph.carried import Carried
from studio.provenance.builds import Builds, parse_builds
from studio.provenance.folder_links import check_links
from studio.provenance.record import FileRecord, Recipe
from studio.runtime.devices import Device
from studio.version import VERSION

FORMAT = 1


@dataclass(frozen=True)
class RunFacts:
    """What a manifest says of a run besides its outcome.

    Attributes:
        run_id: Name of the run.
        started: When it started, in ISO 8601.
        document: The graph document.
        graph_path: The graph's file, or "".
        inputs: The values of the graph's inputs as plain JSON.
        device: Where the nodes of lane "device" computed.
        plugins: Versions of the installed plugins, by distribution.
        folder: The output folder, or None.
        distributions: Builds of Studio, the plugins and what they require; see `studio.registry.builds`.
    """

    run_id: str
    started: str
    document: Mapping[str, Any]
    graph_path: str
    inputs: Mapping[str, Any]
    device: Device
    plugins: Mapping[str, str]
    folder: Path | None = None
    distributions: Builds = field(default_factory=dict)


def create_manifest(facts: RunFacts, outcome: Outcome, files: Iterable[FileRecord]) -> dict[str, Any]:
    """Return the manifest of a run as plain JSON."""
    return {
        "manifest": FORMAT,
        "run": facts.run_id,
        "studio": VERSION,
        "started": facts.started,
        "seconds": round(outcome.seconds, 6),
        "status": outcome.status,
        "graph": {"path": facts.graph_path, "document": facts.document},
        "inputs": facts.inputs,
        "machine": _describe_machine(facts.device),
        "plugins": dict(facts.plugins),
        "distributions": {name: dict(build) for name, build in facts.distributions.items()},
        "folder": str(resolve_path(facts.folder)) if facts.folder else "",
        "outputs": _describe_outputs(outcome, files),
        "nodes": _describe_nodes(outcome),
        "cache": {
            "hits": sum(record.cached for record in outcome.records.values()),
            "calls": sum(record.calls for record in outcome.records.values()),
        },
        "models": outcome.models,
        "warnings": outcome.warnings,
    }


def write_manifest(manifest: Mapping[str, Any], folder: Path) -> Path:
    """Write a manifest into `folder/.studio`, whole or not at all.

    Raises:
        RunError: E312 if the disk refuses it, E313 if `.studio` is a link out of the folder.
    """
    check_links(folder, RECORDS_FOLDER, "manifest")
    path = folder / RECORDS_FOLDER / f"{manifest['run']}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            replace_file(path) as temporary,
            temporary.open("w", encoding="utf-8", errors="backslashreplace") as file,
        ):
            json.dump(manifest, file, ensure_ascii=False, indent=1)
    except OSError as error:
        raise RunError(
            "E312",
            f"cannot write the manifest: {error.strerror or error}",
            where=str(path),
            hint="free space, or name another folder with -o DIR",
        ) from None
    return path


def find_manifests(folder: Path) -> list[Path]:
    """Return the manifests of an output folder, the oldest first.

    A manifest's name begins with the second of its run; runs of one second are ordered by the time of the file. What a
    killed process left unfinished is not among them.
    """
    paths = [path for path in (folder / RECORDS_FOLDER).glob("*.json") if not path.name.startswith(".")]
    return sorted(paths, key=lambda path: (path.name[:15], path.stat().st_mtime_ns))


def read_manifest(path: Path, folder: Path) -> dict[str, FileRecord]:
    """Return the files that a manifest records, by their names in the folder, which may have been moved since.

    Raises:
        OSError: The file cannot be read.
        ValueError, TypeError, KeyError, AttributeError, RecursionError: It is no manifest.
    """
    manifest = json.loads(read_regular_file(path))
    graph = manifest["graph"]
    recipe = Recipe(
        dict(graph["document"]), dict(manifest["inputs"]), Path(str(graph["path"])).parent, *_parse_read(manifest)
    )
    written, recorded_in = str(manifest.get("folder", "")), f"{RECORDS_FOLDER}/{path.name}"
    builds = parse_builds(manifest.get("distributions"))
    records = {}
    for output, made in manifest["outputs"].items():
        for index, file in enumerate(made["files"]):
            name = _find_name(str(file["path"]), written, folder)
            digest, size, saved = str(file["blake3"]), int(file["bytes"]), str(file.get("saved", ""))
            records[name] = FileRecord(
                output,
                folder / name,
                index,
                digest,
                size,
                recorded_in=recorded_in,
                recipe=recipe,
                saved=saved,
                source_type=str(file.get("digital_source_type", "")),
                mark=str(file.get("mark", "")),
                builds=builds,
                value_digest=str(made.get("digest") or "") if len(made["files"]) == 1 and not saved else "",
            )
    return records


def _parse_read(manifest: Mapping[str, Any]) -> tuple[Carried[Any], Carried[str]]:
    """Return the graphs and the digests of files that a manifest records: nothing else may be read for it.

    The folder may come from elsewhere, and its manifest name any path of this machine. Older manifests record nothing.
    """
    read = dict(manifest.get("read", {}))
    digests = {str(name): str(digest) for name, digest in dict(read.get("files", {})).items()}
    return Carried(dict(read.get("graphs", {}))), Carried(digests)


def _describe_machine(device: Device) -> dict[str, str]:
    return {
        "device": device.name,
        "dtype": device.dtype,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _describe_outputs(outcome: Outcome, files: Iterable[FileRecord]) -> dict[str, Any]:
    by_output: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        row: dict[str, Any] = {"path": str(file.path), "blake3": file.digest, "bytes": file.size}
        row |= {"saved": file.saved} if file.saved else {}
        row |= {"digital_source_type": file.source_type} if file.source_type else {}
        row |= {"mark": file.mark} if file.mark else {}
        by_output.setdefault(file.output, []).append(row)
    return {
        name: {
            "type": spec.to_record(),
            "digest": outcome.results[name].digest if name in outcome.results else None,
            "files": by_output.get(name, []),
        }
        for name, spec in outcome.types.items()
    }


def _describe_nodes(outcome: Outcome) -> dict[str, Any]:
    return {
        record.node: {
            "type": record.node_type,
            "status": record.status,
            "version": record.version,
            "code": record.code,
            "plugin": record.plugin,
            "calls": record.calls,
            "cached": record.cached,
            "seconds": round(record.seconds, 6),
            "fingerprints": record.fingerprints,
            "outputs": record.outputs,
            "warnings": record.warnings,
            "error": record.error.to_json() if record.error else None,
        }
        for record in outcome.records.values()
    }


def _find_name(path: str, written: str, folder: Path) -> str:
    """Return a recorded path as seen from the folder, with slashes."""
    for root in (written, str(resolve_path(folder))):
        if root and path.startswith(root.rstrip(os.sep) + os.sep):
            return PurePath(os.path.relpath(path, root)).as_posix()
    return PurePath(path).name if os.path.isabs(path) else PurePath(path).as_posix()
