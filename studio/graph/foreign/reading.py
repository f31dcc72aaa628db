"""Reads a document of another program from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.errors import UsageError
from studio.graph.foreign.canvas_format import is_canvas, read_canvas
from studio.graph.foreign.canvas_slots import FindWidgets
from studio.graph.foreign.carried_texts import MEDIA, is_carrier, read_texts
from studio.graph.foreign.document import ForeignDocument, add_places
from studio.graph.foreign.fault import refuse
from studio.graph.foreign.invoke_metadata import is_invoke, read_invoke
from studio.graph.foreign.parameter_text import is_parameters, read_parameters
from studio.graph.foreign.prompt_format import find_prompt, is_prompt, read_prompt

_INVOKE_KEYWORDS = ("invokeai_metadata", "sd-metadata")


def name_program(data: Any) -> str:
    """Return the program whose document JSON is, or ""."""
    return "ComfyUI" if is_prompt(find_prompt(data)) or is_canvas(data) else ""


def name_carried_program(path: Path, *, max_bytes: int) -> str:
    """Return the program whose document a media file carries, or ""."""
    try:
        texts = read_texts(path, max_bytes=max_bytes)
        return "" if not texts else _read_carried(texts, lambda _: None, path).program
    except UsageError:
        return ""


def read_foreign(path: Path, find_widgets: FindWidgets, *, max_bytes: int) -> ForeignDocument:
    """Read a document of another program: JSON, or a media file that carries one.

    Args:
        path: The file.
        find_widgets: Returns the names of the widgets of a class.
        max_bytes: Most bytes of a document.

    Raises:
        UsageError: E029 if there is no document, or if it is malformed.
    """
    if not path.is_file():
        raise refuse(f"{str(path)!r} {'is a folder' if path.is_dir() else 'does not exist'}", hint="name a file")
    if path.suffix.lower() in MEDIA or is_carrier(_read_head(path)):
        return _read_carried(read_texts(path, max_bytes=max_bytes), find_widgets, path)
    if path.stat().st_size > max_bytes:
        hint = "raise STUDIO_MAX_GRAPH_BYTES if it is meant to be that large"
        raise refuse(f"{str(path)!r} has {path.stat().st_size} bytes, more than {max_bytes}", hint=hint)
    data = path.read_bytes()
    if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"[")):
        return _read_plain(data, path)
    return _read_data(_parse(data.decode("utf-8-sig", "replace"), path), find_widgets, path)


def _read_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(12)


def _read_plain(data: bytes, path: Path) -> ForeignDocument:
    text = data.decode("utf-8", "replace")
    if is_parameters(text):
        return read_parameters(text)
    raise refuse(f"{path.name!r} contains no document that Studio reads", hint=_HINT)


_HINT = "name a JSON document of ComfyUI, or a picture, audio or video of ComfyUI, AUTOMATIC1111, Forge or InvokeAI"


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        raise refuse(f"{path.name!r} is nested too deep", hint="check the file") from None
    except ValueError as error:
        raise refuse(f"{path.name!r} is not JSON: {error}", hint="check the file") from None


def _read_data(data: Any, find_widgets: FindWidgets, path: Path) -> ForeignDocument:
    found = find_prompt(data)
    if is_canvas(data):
        return read_canvas(data, find_widgets)
    if is_prompt(found):
        return read_prompt(found)
    if is_invoke(data):
        return read_invoke(data)
    if isinstance(data, dict) and "studio" in data:
        raise refuse(f"{path.name!r} is a graph of Studio already", hint=f"run it: studio run {path}")
    raise refuse(f"{path.name!r} contains no document that Studio reads", hint=_HINT)


def _read_carried(texts: dict[str, str], find_widgets: FindWidgets, path: Path) -> ForeignDocument:
    documents, faults = _read_forms({**_unwrap(texts.get("comment")), **texts}, find_widgets, path)
    if documents:
        return add_places(documents[0], documents[1]) if len(documents) > 1 else documents[0]
    for name in _INVOKE_KEYWORDS:
        data: Any = _parse(texts[name], path) if name in texts else None
        if is_invoke(data):
            return read_invoke(data)
    for text in texts.values():
        if is_parameters(text):
            return read_parameters(text)
    if faults:
        raise faults[0]
    raise refuse(f"{path.name!r} carries no document of another program", hint=_HINT)


def _read_forms(
    texts: Mapping[str, str], find_widgets: FindWidgets, path: Path
) -> tuple[list[ForeignDocument], list[UsageError]]:
    """Read the API form and the canvas form that a file carries; one that is damaged does not hide the other."""
    documents, faults = [], []
    for name in ("prompt", "workflow", "comment"):
        try:
            document = _try_text(texts.get(name, ""), find_widgets, path)
        except UsageError as fault:
            faults.append(fault)
            continue
        if document is not None:
            documents.append(document)
    return documents, faults


def _unwrap(comment: str | None) -> dict[str, str]:
    """Return the texts of a comment that has both forms, as videos of ComfyUI do."""
    try:
        data = json.loads(comment or "", parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return {}
    forms = {name: data[name] for name in ("prompt", "workflow") if name in data} if isinstance(data, dict) else {}
    return {name: form if isinstance(form, str) else json.dumps(form) for name, form in forms.items()}


def _try_text(text: str, find_widgets: FindWidgets, path: Path) -> ForeignDocument | None:
    """Read a text that may be a document."""
    if not text.lstrip().startswith("{"):
        return None
    data = _parse(text, path)
    found = find_prompt(data)
    if is_prompt(found):
        return read_prompt(found)
    return read_canvas(data, find_widgets) if is_canvas(data) else None
