"""What clients of Replicate write for files: addresses of files of this server, and data URLs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.graph.text_values import is_read_from_file
from studio.server.form_values import keep_bytes
from studio.server.media_types import find_extension
from studio.server.parts import Parts

_OWN_FILE = re.compile(r"https?://[^/?#]+/(?:api/)?v1/files/(blake3:[0-9a-f]{64})(?:[?#].*)?")
_DATA = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),")


def read_values(parts: Parts, row: Mapping[str, Any], resolved: ResolvedGraph, owner: str) -> dict[str, Any]:
    """Return the values of a graph's inputs; of an unknown one the binder says that it is.

    Args:
        parts: The parts of the server.
        row: The input of a prediction.
        resolved: The graph.
        owner: Whose the files in data URLs are.

    Raises:
        UsageError: E809 for the address of another server, or an invalid data URL.
    """
    values = {}
    for name, value in row.items():
        end = resolved.inputs.get(name)
        if end is not None and is_read_from_file(end.spec):
            value = _read_files(parts, value, name, owner)
        values[name] = value
    return values


def _read_files(parts: Parts, value: Any, name: str, owner: str) -> Any:
    if isinstance(value, list):
        return [_read_files(parts, one, name, owner) for one in value]
    return _read_file(parts, value, name, owner) if isinstance(value, str) else value


def _read_file(parts: Parts, text: str, name: str, owner: str) -> dict[str, str]:
    """Return the file of an address."""
    own = _OWN_FILE.fullmatch(text)
    if own is not None:
        return {"file": own[1]}
    if text.startswith("data:"):
        return {"file": _keep_data(parts, text, name, owner)}
    hint = "upload the file with POST /v1/files and write its address, or write a data URL"
    raise UsageError("E809", f"{name!r} is not a file of this server", where=f"/input/{name}", hint=hint)


def _keep_data(parts: Parts, text: str, name: str, owner: str) -> str:
    found = _DATA.match(text)
    try:
        if found is None:
            raise ValueError
        rest = text[found.end() :]
        is_base64 = found[2].endswith(";base64")
        content = base64.b64decode(rest, validate=True) if is_base64 else unquote_to_bytes(rest)
    except (binascii.Error, ValueError):
        hint = "write data:image/png;base64,..."
        raise UsageError("E809", f"invalid data URL of {name!r}", where=f"/input/{name}", hint=hint) from None
    return keep_bytes(parts, content, f"file{find_extension(found[1].lower())}", owner).name
