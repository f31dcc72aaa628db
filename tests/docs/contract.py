"""What the plugin contract is made of: its names, their documentation, and the page that lists them.

`python -m tests.docs.contract` writes docs/plugin_api.md anew.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.api import API_VERSION, CONTRACT_MODULES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "plugin_api.md"

INTRODUCTION = f"""# The plugin contract

Version {API_VERSION}, which is `studio.api.API_VERSION`. The first number rises when a name goes or changes its
meaning, the second when a name is added.

A plugin imports `studio.api` and the modules below it that this page lists, and nothing else of Studio. Its tests also
import [`studio.testing`](#studiotesting). Other names and modules change without notice. A test checks that Studio's
own plugins keep to this page, and another that the page lists exactly the names in `__all__` of these modules.
Docstrings have the rest: arguments, shapes, dtypes, ranges, units and errors; `help(studio.api.Image)` shows them.

How to use the contract is in [write a plugin](write_a_plugin.md). The points where Studio calls a plugin are in
[hooks](hooks.md).
"""


@dataclass(frozen=True)
class Entry:
    """One name of the contract.

    Attributes:
        module: The module of the contract that has it in `__all__`.
        name: The name.
        value: What it names.
        text: Its documentation, "" if it has none.
    """

    module: str
    name: str
    value: Any
    text: str

    @property
    def kind(self) -> str:
        """What it is."""
        if inspect.isclass(self.value):
            return "class"
        return "function" if inspect.isroutine(self.value) else "value"

    @property
    def summary(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.text.partition("\n\n")[0].split())


TESTING = "studio.testing"
"""What plugins' tests import: the page lists it too."""


def list_entries(modules: Sequence[str] = CONTRACT_MODULES) -> list[Entry]:
    """Return the names of the contract, module by module."""
    entries = []
    for module_name in modules:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            value = getattr(module, name)
            documented = inspect.isclass(value) or inspect.isroutine(value)
            text = (value.__doc__ or "") if documented else find_constant_text(module_name, name)
            entries.append(Entry(module_name, name, value, inspect.cleandoc(text)))
    return entries


def find_constant_text(module_name: str, name: str) -> str:
    """Return the string that follows an assignment, in the module that has it; "" if there is none."""
    tree = parse_module(module_name)
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                if (alias.asname or alias.name) == name:
                    return find_constant_text(statement.module, alias.name)
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        named = any(isinstance(target, ast.Name) and target.id == name for target in targets)
        if named and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            return str(following.value.value)
    return ""


@lru_cache
def parse_module(module_name: str) -> ast.Module:
    """Return the source of a module, parsed."""
    source = importlib.import_module(module_name).__file__
    assert source is not None
    return ast.parse(Path(source).read_text(encoding="utf-8"))


def create_page() -> str:
    """Return the page that lists the contract."""
    parts = [INTRODUCTION]
    modules = (*CONTRACT_MODULES, TESTING)
    entries = list_entries(modules)
    for module_name in modules:
        first = (importlib.import_module(module_name).__doc__ or "").partition("\n\n")[0]
        rows = [
            f"| `{entry.name}` | {entry.kind} | {entry.summary.replace('|', chr(92) + '|')} |"
            for entry in entries
            if entry.module == module_name
        ]
        head = ["| name | kind | what it is |", "|---|---|---|"]
        parts.append("\n".join([f"## `{module_name}`", "", " ".join(first.split()), "", *head, *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(create_page(), encoding="utf-8")
