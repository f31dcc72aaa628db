"""PyAV is imported as a whole before any part of it.

`from av.codec import x` locks the part, then waits for `av`. A thread that imports `av` at that moment waits for the
part: Python finds the deadlock, and one of the two gets an error or a half of the library.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]


def find_parts(node: ast.AST, whole: bool = False) -> Iterator[int]:
    """Yield the lines of imports of parts of PyAV with no import of it before, in their function or around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            names = [child.module or ""] if isinstance(child, ast.ImportFrom) else [name.name for name in child.names]
            if not whole and any(name.startswith("av.") for name in names):
                yield child.lineno
            whole = whole or "av" in names
        else:
            yield from find_parts(child, whole)


def test_parts_of_pyav_are_imported_after_the_whole_of_it() -> None:
    sources = [*(ROOT / "studio").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    trees = {path: ast.parse(text) for path, text in texts.items() if "from av." in text or "import av." in text}

    found = [f"{path.relative_to(ROOT)}:{line}" for path, tree in trees.items() for line in find_parts(tree)]

    assert len(sources) > 500
    assert found == []


def test_an_import_of_a_part_is_found() -> None:
    first = "def f():\n    from av.codec import Flags\n"

    assert list(find_parts(ast.parse(first))) == [2]
    assert list(find_parts(ast.parse(f"import av\n{first}"))) == []
    assert list(find_parts(ast.parse("def f():\n    import av\n    from av.codec import Flags\n"))) == []
