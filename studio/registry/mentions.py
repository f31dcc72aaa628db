"""What a module outside a package names: the modules that it imports, and the files beside it."""

from __future__ import annotations

import ast
import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from studio.registry.parsed_source import parse_source
from studio.registry.source_files import SourceReader, list_folder

_LONGEST = 200
_LISTINGS = frozenset({"iterdir", "listdir", "scandir", "walk", "fwalk"})
_JOININGS = frozenset({"joinpath", "join", "files", "open_text", "open_binary", "read_text", "read_binary"})


@dataclass(frozen=True)
class Mentions:
    """What the source of a module names.

    Attributes:
        imports: Level of dots, module, and the names that are imported from it.
        texts: Texts, and patterns for texts that are made.
        folders: Those that are joined to a path.
        lists: Whether it lists folders.
        endings: Those that take the place of its own.
    """

    imports: frozenset[tuple[int, str, tuple[str, ...]]] = frozenset()
    texts: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    lists: bool = False
    endings: frozenset[str] = frozenset()


@lru_cache(maxsize=512)
def find_mentions(source: bytes) -> Mentions:
    """Return what a module's source names; nothing for a source with errors, which cannot be loaded either."""
    try:
        tree = parse_source(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Mentions()
    imports: set[tuple[int, str, tuple[str, ...]]] = set()
    texts: set[str] = set()
    folders: set[str] = set()
    lists = False
    endings = {id(ending): ending.value for node in ast.walk(tree) if (ending := _find_own_ending(node)) is not None}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                imports |= {(0, alias.name, ()) for alias in names}
            case ast.ImportFrom(module, names, level):
                imports.add((level or 0, module or "", tuple(alias.name for alias in names)))
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in _LISTINGS:
                lists = True
            case ast.BinOp(op=ast.Div(), left=left, right=right):
                folders |= {*_find_texts(left), *_find_texts(right)}
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args) if name in _JOININGS:
                folders |= {text for arg in args for text in _find_texts(arg)}
            case ast.Constant() | ast.JoinedStr() if id(node) not in endings:
                texts |= set(_find_texts(node))
    own = frozenset(map(str, endings.values()))
    return Mentions(frozenset(imports), frozenset(texts), frozenset(folders), lists, own)


def _find_own_ending(node: ast.AST) -> ast.Constant | None:
    """Return the ending in `Path(__file__).with_suffix(".json")`."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(args=[ast.Name(id="__file__")]), attr="with_suffix"),
            args=[ast.Constant() as ending],
        ):
            return ending
    return None


def _find_texts(node: ast.AST) -> Iterator[str]:
    """Yield a constant text, or the pattern of one that is made."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
        text = "".join(map(str, parts))
        if text.strip("*"):
            yield text
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
        if 0 < len(text) <= _LONGEST and "\n" not in text and "\0" not in text:
            yield text


def find_named_files(mentions: Mentions, module: str, reader: SourceReader) -> Iterator[tuple[str, str]]:
    """Yield name and path of the files beside a module that its source names, by a text, a pattern or an ending."""
    folder, own = os.path.split(os.path.splitext(module)[0])
    for ending in mentions.endings:
        if reader.find_file(os.path.join(folder, own + ending)):
            yield own + ending, os.path.join(folder, own + ending)
    for text in mentions.folders:
        yield from _list_named_folder(text, folder, reader)
    patterns = [pattern for text in mentions.texts if (pattern := _find_pattern(text))]
    for text in mentions.texts:
        if not _find_pattern(text) and _is_inside(text):
            yield from _find_named(text, folder, reader)
    if patterns or mentions.lists:
        reader.visit(folder)
        yield from _match_files(patterns, folder, everything=mentions.lists)


def _list_named_folder(text: str, folder: str, reader: SourceReader) -> Iterator[tuple[str, str]]:
    place = os.path.join(folder, text)
    if _is_inside(text) and reader.find_folder(place):
        for name, path in list_folder(place, reader.visit):
            yield f"{text.strip('/')}/{name}", path


def _find_pattern(text: str) -> str:
    """Return the pattern of files that a text may be: itself, or for an ending such as ".bin" all that have it."""
    if any(sign in text for sign in "*?["):
        return text
    return f"*{text}" if text.startswith(".") and text.strip(".").isalnum() else ""


def _find_named(text: str, folder: str, reader: SourceReader) -> Iterator[tuple[str, str]]:
    for name in (text, f"{text}.py"):
        if reader.find_file(os.path.join(folder, name)):
            yield os.path.normpath(name), os.path.join(folder, name)


def _match_files(patterns: list[str], folder: str, *, everything: bool) -> Iterator[tuple[str, str]]:
    """Yield the files directly in a folder that match a pattern; modules are named by imports."""
    ends = [pattern.rpartition("/")[2] for pattern in patterns]
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file() or entry.name.endswith((".py", ".pyc", "~", ".swp")):
                continue
            if everything or any(end.strip("*") and fnmatch.fnmatch(entry.name, end) for end in ends):
                yield entry.name, entry.path


def _is_inside(text: str) -> bool:
    normal = os.path.normpath(text)
    return not os.path.isabs(text) and normal != "." and not normal.startswith("..")
