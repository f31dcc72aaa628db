"""Which files a plugin's code and data are in."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.registry.source_files import SourceReader
from studio.registry.source_tree import SourceTree, locate_tree


def write(folder: Path, **files: str) -> None:
    """Write files; in a name "__" stands for a folder's slash and "_dot_" for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def collect(tree: SourceTree) -> set[str]:
    """Return the names of a tree's files."""
    return set(tree.collect(SourceReader()))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with data, caches, and packages beside it."""
    folder = tmp_path / "mine"
    write(folder, _dot_hidden_dot_json="1", lut_dot_json="1", sub__x_dot_py="import beside, elsewhere, os")
    (folder / "__init__.py").write_text("from studio.api import node", encoding="utf-8")
    for skipped in ("__pycache__/x.pyc", ".git/config", "x.pyc", "x.py~", "tagged/CACHEDIR.TAG", "tagged/blob"):
        (folder / skipped).parent.mkdir(exist_ok=True)
        (folder / skipped).write_text("1", encoding="utf-8")
    write(tmp_path, beside_dot_py="import further", further_dot_py="", stranger_dot_py="")
    return folder


def test_every_file_of_a_package_counts_but_caches_and_what_it_imports_from_beside_it(package: Path) -> None:
    own = {"mine/__init__.py", "mine/.hidden.json", "mine/lut.json", "mine/sub/x.py"}

    assert collect(locate_tree(str(package))) == own | {"beside.py", "further.py"}
    assert collect(locate_tree(str(package / "__init__.py"), owned={"mine"})) == own


def test_of_a_shared_folder_of_libraries_nothing_else_counts(tmp_path: Path) -> None:
    write(tmp_path / "site-packages", one_dot_py="import two", two_dot_py="")

    assert collect(locate_tree(str(tmp_path / "site-packages/one.py"))) == {"one.py"}
    assert collect(locate_tree(str(tmp_path / "site-packages/one.py"), owned={"one", "two"})) == {"one.py", "two.py"}


def test_a_module_in_a_package_counts_with_what_it_imports_from_it(tmp_path: Path) -> None:
    write(tmp_path, p__nodes_dot_py="from .inner import a\nfrom p import b\n", p__b_dot_py="", p__c_dot_py="")
    write(tmp_path, p__inner__a_dot_py="from ..d import x\nopen('a.json')", p__inner__a_dot_json="1", p__d_dot_py="")
    for init in ("p/__init__.py", "p/inner/__init__.py"):
        (tmp_path / init).write_text("", encoding="utf-8")

    found = collect(SourceTree((), (str(tmp_path / "p/nodes.py"),)))

    assert found == {
        "p/nodes.py", "p/b.py", "p/__init__.py", "p/inner/__init__.py", "p/inner/a.py", "p/inner/a.json", "p/d.py"
    }  # fmt: skip


def test_links_that_lead_back_end(tmp_path: Path) -> None:
    package = tmp_path / "loop"
    write(package, x_dot_json="1")
    (package / "again").symlink_to(package)

    assert collect(locate_tree(str(package))) == {"loop/x.json"}
