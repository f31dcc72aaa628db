"""The manifest that every run leaves: what ran, from what, where, how long, and what came of it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.errors import RunError
from studio.execution.files import WrittenFile
from studio.execution.outcome import Outcome
from studio.files import replace_file
from studio.runtime.devices import Device

FORMAT = 1


def create_manifest(
    run_id: str,
    outcome: Outcome,
    *,
    graph: Mapping[str, Any],
    source: str,
    inputs: Mapping[str, Any],
    device: Device,
    plugins: Mapping[str, str],
    files: Iterable[WrittenFile],
    started: str,
    version: str,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Return the manifest of a run as plain JSON."""
    by_output: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        by_output.setdefault(file.output, []).append(
            {"path": str(file.path), "blake3": file.digest, "bytes": file.size}
        )
    return {
        "manifest": FORMAT,
        "run": run_id,
        "studio": version,
        "started": started,
        "seconds": round(outcome.seconds, 6),
        "status": outcome.status,
        "graph": {"path": source, "document": graph},
        "inputs": inputs,
        "machine": {
            "device": device.name,
            "dtype": device.dtype,
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "plugins": dict(plugins),
        "folder": str(folder.resolve()) if folder else "",
        "outputs": {
            name: {
                "type": str(spec),
                "digest": outcome.results[name].digest if name in outcome.results else None,
                "files": by_output.get(name, []),
            }
            for name, spec in outcome.types.items()
        },
        "nodes": {
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
        },
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
        RunError: E312 if the disk says no.
    """
    path = folder / ".studio" / f"{manifest['run']}.json"
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
