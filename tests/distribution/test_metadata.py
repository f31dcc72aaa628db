"""What the distribution says of itself: its page on an index, its dependencies, what its source archive has."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OURS = {"studio", *PROJECT["entry-points"]["studio"].values()}
# modules whose distribution may be missing where the tests run, and those that come with a declared one
DISTRIBUTIONS = {
    "bitsandbytes": "bitsandbytes",
    "c2pa": "c2pa-python",
    "gguf": "gguf",
    "onnxruntime": "onnxruntime",
    "pyarrow": "pyarrow",
    "ray": "ray",
    "skimage": "scikit-image",
}
DISTRIBUTIONS |= {"sklearn": "scikit-learn", "spandrel": "spandrel", "tokenizers": "transformers"}
SOURCES = [path for top in ("studio", "plugins") for path in sorted((ROOT / top).rglob("*.py"))]


def list_names(requirements: list[str]) -> set[str]:
    """Return the distributions that requirements name."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def find_imports(path: Path) -> set[str]:
    """Return the modules that a file imports, also in functions, or looks for by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("find_spec"):
            found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant) and argument.value}
    return {str(name).partition(".")[0] for name in found}


def test_every_module_that_is_imported_is_declared() -> None:
    declared = list_names(PROJECT["dependencies"]) | {
        name for extra in EXTRAS if extra != "dev" for name in list_names(EXTRAS[extra])
    }
    installed = packages_distributions()
    used = {name: path for path in SOURCES for name in find_imports(path)}

    missing = {}
    for module, path in used.items():
        names = [DISTRIBUTIONS[module]] if module in DISTRIBUTIONS else installed.get(module, [module])
        if module not in OURS | sys.stdlib_module_names and not declared & {canonicalize_name(name) for name in names}:
            missing[module] = str(path.relative_to(ROOT))

    # spandrel's own need, which Studio stands in for; and what is used only where an operator has installed it
    assert missing.keys() <= {"torchvision", "opentelemetry"}, missing


def test_the_development_extra_has_what_the_others_have() -> None:
    others = {name for extra in EXTRAS if extra != "dev" for name in list_names(EXTRAS[extra])}

    # the Makefile installs spandrel without its dependencies; gguf and nf4 are tested by what is said where they miss
    assert others - list_names(EXTRAS["dev"]) == {"spandrel", "gguf", "bitsandbytes"}


def test_every_pinned_requirement_is_one_that_may_be_installed() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in lines if "==" in line}
    requirements = [Requirement(text) for text in (*PROJECT["dependencies"], *EXTRAS["dev"])]

    assert [str(wanted) for wanted in requirements if canonicalize_name(wanted.name) not in pinned] == []
    assert [
        str(wanted) for wanted in requirements if not wanted.specifier.contains(pinned[canonicalize_name(wanted.name)])
    ] == []


def test_the_page_on_an_index_has_no_link_into_the_sources() -> None:
    page = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")

    targets = re.findall(r"\]\(([^)\s]+)\)", page) + re.findall(r"(?:src|href)=\"([^\"]+)\"", page)

    assert [target for target in targets if not target.startswith("https://")] == []


def test_the_page_on_an_index_names_every_extra_and_shows_the_graph_of_the_readme() -> None:
    page = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    graph = re.compile(r"^```json\n(.*?)^```$", re.DOTALL | re.MULTILINE)

    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == sorted(EXTRAS.keys() - {"dev"})
    assert graph.findall(page) == graph.findall(readme)


def test_the_page_on_installation_has_the_same_table_of_extras() -> None:
    index = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")
    installation = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    row = re.compile(r"^\| `\w+` \|.*$", re.MULTILINE)

    assert row.findall(installation) == row.findall(index)


def test_the_metadata_names_authors_licences_and_every_python_from_the_oldest_on() -> None:
    pythons = [entry.rpartition(" ")[2] for entry in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", entry)]

    assert PROJECT["authors"]
    assert PROJECT["requires-python"] == f">={pythons[0]}"
    assert pythons == [f"3.{minor}" for minor in range(11, 11 + len(pythons))]
    assert [name for name in PROJECT["license-files"] if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(
    "path",
    sorted(path for top in ("studio", "plugins") for path in (ROOT / top).rglob("*LICENSE*")),
    ids=lambda path: path.name,
)
def test_every_licence_in_the_sources_is_declared(path: Path) -> None:
    assert str(path.relative_to(ROOT)) in PROJECT["license-files"]
