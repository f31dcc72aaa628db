"""A page for each public module: its names with their signatures and docstrings."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

from docs_site.markdown import create_anchor
from docs_site.page import Page, format_table
from studio.api import CONTRACT_MODULES

FOLDER = "reference/python"
MODULES = ("studio", *CONTRACT_MODULES, "studio.testing")
"""The public modules; the first is for those who run graphs, the others are for those who write plugins."""

_SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises|Example|Examples|Note|Notes|References):\s*(.*)")
_ENTRY = re.compile(r"(\*{0,2}[\w.]+(?:\s*\([^)]*\))?):\s*(.*)")
_TABLES = {"Args": "argument", "Attributes": "attribute", "Raises": "error"}


def find_module_path(module: str) -> str:
    """Return the path of the page of a module."""
    return f"{FOLDER}/{module}.md"


def create_python_pages() -> list[Page]:
    """Return the pages of the public modules, and the one that lists them."""
    modules = [importlib.import_module(name) for name in MODULES]
    rows = [[f"[`{one.__name__}`]({one.__name__}.md)", _read_first_line(one)] for one in modules]
    intro = (
        "`studio` is what a program imports that runs graphs. `studio.api` and the modules below it are what a plugin "
        "imports, `studio.testing` what its tests import. All other modules change without notice; "
        "[compatibility](../../docs/compatibility.md) says what is promised."
    )
    text = f"# Python\n\n{intro}\n\n{format_table(['module', 'what is in it'], rows)}"
    return [Page(f"{FOLDER}/index.md", "Python", text, "The public modules."), *map(_create_page, modules)]


def list_public_names(module: ModuleType) -> list[str]:
    """Return the public names of a module that have documentation of their own, in the order of `__all__`."""
    return [name for name in module.__all__ if _is_documented(getattr(module, name))]


def _is_documented(value: object) -> bool:
    return inspect.isclass(value) or inspect.isroutine(value) or (inspect.ismodule(value) and callable(value))


def _create_page(module: ModuleType) -> Page:
    parts = [f"# {module.__name__}", *_format_docstring(module)]
    for name in list_public_names(module):
        parts += [f"## {name}", *_describe(name, getattr(module, name))]
    others = sorted(set(module.__all__) - set(list_public_names(module)))
    if others:
        parts += ["## Constants and types", ", ".join(f"`{name}`" for name in others) + "."]
    return Page(
        find_module_path(module.__name__), module.__name__, "\n\n".join(filter(None, parts)), _read_first_line(module)
    )


def _describe(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        yield f"```python\nclass {_describe_signature(name, value)}\n```"
        yield from _format_docstring(value)
        members = list(_list_methods(value))
        if len(members) > 1:
            rows = [
                [f"[`{member}`](#{create_anchor(f'{name}.{member}')})", _read_first_line(one)]
                for member, one in members
            ]
            yield format_table(["method or property", "what it does"], rows)
        for member, function in members:
            yield f"### {name}.{member}"
            yield f"```python\n{_describe_signature(member, function)}\n```"
            yield from _format_docstring(function)
    else:
        function = _find_function(value) if inspect.ismodule(value) else value
        yield f"```python\n{_describe_signature(name, function)}\n```"
        yield from _format_docstring(function)


def _find_function(module: ModuleType) -> Any:
    """Return the function that a module calls when it is called: that of its own name, in its `python_call`."""
    name = module.__name__.rpartition(".")[2]
    return getattr(importlib.import_module(f"{module.__name__}.python_call"), name)


def _list_methods(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class defines, or inherits from a class of Studio."""
    seen: set[str] = set()
    for owner in kind.__mro__:
        if not owner.__module__.startswith("studio"):
            continue
        for name, member in vars(owner).items():
            function = getattr(member, "__func__", None) or _find_getter(member) or member
            if not name.startswith("_") and name not in seen and inspect.isfunction(function) and function.__doc__:
                seen.add(name)
                yield name, member if _find_getter(member) else function


def _find_getter(member: object) -> Any:
    """Return the function of a property, or None."""
    return member.func if isinstance(member, cached_property) else getattr(member, "fget", None)


def _describe_signature(name: str, value: Any) -> str:
    """Return name and signature, one parameter a line if it is long."""
    getter = _find_getter(value)
    if getter is not None:
        result = inspect.signature(getter).return_annotation
        return f"{name}: {_show_annotation(result)}"
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    parameters = [
        one for one in signature.parameters.values() if one.name not in ("self", "cls") and one.name[0] != "_"
    ]
    result = signature.return_annotation
    end = "" if inspect.isclass(value) or result is inspect.Signature.empty else f" -> {_show_annotation(result)}"
    shown = _show_parameters(parameters)
    line = f"{name}({', '.join(shown)}){end}"
    if len(line) <= 88:
        return line
    return f"{name}(\n" + "".join(f"    {one},\n" for one in shown) + f"){end}"


def _show_parameters(parameters: Sequence[inspect.Parameter]) -> list[str]:
    shown: list[str] = []
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and "*" not in shown and not any(text.startswith("*") for text in shown):
            shown.append("*")
        prefix = "*" * ((one.kind is one.VAR_POSITIONAL) + 2 * (one.kind is one.VAR_KEYWORD))
        text = prefix + one.name
        if one.annotation is not one.empty:
            text += f": {_show_annotation(one.annotation)}"
        if one.default is not one.empty:
            text += f" = {_show_default(one.default)}"
        shown.append(text)
    return shown


def _show_annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _show_default(value: Any) -> str:
    text = repr(value)
    return "..." if " at 0x" in text or text.startswith("<") or dataclasses.is_dataclass(value) else text


def _format_docstring(value: object) -> Iterator[str]:
    """Yield the parts of a docstring as Markdown: sections of arguments, attributes and errors as tables."""
    text = inspect.getdoc(value) if not inspect.isclass(value) else inspect.cleandoc(value.__doc__ or "")
    for section, lines in _split_sections((text or "").splitlines()):
        if section in _TABLES:
            rows = [[f"`{name}`", description] for name, description in _read_entries(lines)]
            yield format_table([_TABLES[section], "meaning"], rows)
        elif section == "Example":
            yield f"**Example.**\n\n```python\n{_dedent(lines)}\n```"
        else:
            body = _dedent(lines)
            yield f"**{section}.** {body}" if section and body else body


def _dedent(lines: Sequence[str]) -> str:
    return inspect.cleandoc("\n".join(["", *lines])).strip()


def _split_sections(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    name, found = "", list[str]()
    for line in lines:
        head = _SECTION.fullmatch(line)
        if head:
            yield name, found
            name, found = head[1], [head[2]] if head[2] else []
        elif name in _TABLES and line and not line.startswith(" "):
            yield name, found
            name, found = "", [line]
        else:
            found.append(line)
    yield name, found


def _read_entries(lines: Iterable[str]) -> list[tuple[str, str]]:
    entries: list[tuple[str, str]] = []
    for line in lines:
        head = _ENTRY.fullmatch(line.strip()) if line.startswith("    ") and not line.startswith("     ") else None
        if head:
            entries.append((head[1], head[2]))
        elif entries and line.strip():
            entries[-1] = (entries[-1][0], f"{entries[-1][1]} {line.strip()}")
    return entries


def _read_first_line(value: object) -> str:
    return " ".join((value.__doc__ or "").partition("\n\n")[0].split())
