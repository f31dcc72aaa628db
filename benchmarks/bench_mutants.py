"""How many small mistakes the tests notice: mutants drawn by seed from `studio/execution`, `cache` and `batch`.

    python benchmarks/bench_mutants.py                     200 mutants, seed 1
    python benchmarks/bench_mutants.py --count 40 --seed 7 studio/cache
    python benchmarks/bench_mutants.py --show 17           one mutant of the draw, as a diff

A mutant changes one thing: a comparison, a boolean operator, a constant, a sign, a condition, or it drops a call
whose result nobody uses. First all tests run once under coverage, which says which of them reach which line. Then each
mutant meets the tests that reach its line, in a copy of the working tree. It is killed if one of them fails or hangs.
A line that no fast test reaches counts as a survivor.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("studio/execution", "studio/cache", "studio/batch")
TESTS = ["tests/studio"]
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
MOST_TESTS = 150
SECONDS = 240


@dataclass(frozen=True)
class Mutant:
    """One change of one module: node number `index` in the order of `ast.walk`."""

    path: str
    index: int
    line: int
    function: str
    change: str


def find_mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = find_owners(tree)
    for index, node in enumerate(ast.walk(tree)):
        change = describe_change(node)
        if change and owners.get(id(node)):
            name = path.relative_to(ROOT).as_posix()
            yield Mutant(name, index, getattr(node, "lineno", 0), owners[id(node)], change)


def find_owners(tree: ast.Module) -> dict[int, str]:
    """Return the innermost function of each node; nodes outside of functions and in annotations have none."""
    owners: dict[int, str] = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                for node in ast.walk(statement):
                    owners[id(node)] = function.name
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            for inner in ast.walk(node.annotation):
                owners.pop(id(inner), None)
    return owners


def describe_change(node: ast.AST) -> str:
    """Return what changing a node means, or "" if it is left alone."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        return f"{type(node.ops[0]).__name__} -> {COMPARISONS[type(node.ops[0])].__name__}"
    if isinstance(node, ast.BoolOp):
        return "or -> and" if isinstance(node.op, ast.Or) else "and -> or"
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return f"{type(node.op).__name__} -> {OPERATORS[type(node.op)].__name__}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return "not x -> x"
    if isinstance(node, ast.If | ast.While):
        return "condition negated"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return "call dropped"
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int):
        return f"{node.value} -> {change_constant(node.value)}"
    return ""


def change_constant(value: bool | int) -> bool | int:
    """Return another constant of the same kind."""
    return not value if isinstance(value, bool) else value + 1


def apply(mutant: Mutant, source: str) -> str:
    """Return the source with the mutant's change."""
    tree = ast.parse(source)
    change_node(list(ast.walk(tree))[mutant.index])
    return ast.unparse(ast.fix_missing_locations(tree))


def change_node(node: ast.AST) -> None:
    """Change a node in place."""
    if isinstance(node, ast.Compare):
        node.ops = [COMPARISONS[type(node.ops[0])]()]
    elif isinstance(node, ast.BoolOp):
        node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
    elif isinstance(node, ast.BinOp):
        node.op = OPERATORS[type(node.op)]()
    elif isinstance(node, ast.UnaryOp):
        node.operand = ast.UnaryOp(ast.Not(), copy.deepcopy(node.operand))
    elif isinstance(node, ast.If | ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Expr):
        node.value = ast.Constant(None)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int):
        node.value = change_constant(node.value)


def draw(packages: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """Return mutants drawn by seed, at most three of one function."""
    paths = sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))
    found = [mutant for path in paths for mutant in find_mutants(path)]
    random.Random(seed).shuffle(found)
    taken: dict[tuple[str, str], int] = {}
    drawn = []
    for mutant in found:
        key = (mutant.path, mutant.function)
        taken[key] = taken.get(key, 0) + 1
        if taken[key] <= 3:
            drawn.append(mutant)
    return drawn[:count]


def copy_tree(place: Path) -> Path:
    """Copy the tracked files of the working tree."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def run_tests(tree: Path, tests: Sequence[str], *more: str, seconds: float | None = None) -> int:
    """Run tests in a tree; return pytest's exit code, 124 if they take too long."""
    path = f"{tree}:{tree / 'plugins'}"
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not slow"]
    try:
        return subprocess.run(
            [*words, *more, *tests], cwd=tree, env=environment, capture_output=True, timeout=seconds, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        return 124


def map_lines(tree: Path, packages: Sequence[str], tests: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Return the tests that reach each line: path -> line -> tests."""
    import coverage

    sources = [f"--cov={package}" for package in packages]
    run_tests(tree, tests, *sources, "--cov-context=test", "--cov-report=", "--cov-fail-under=0")
    data = coverage.CoverageData(str(tree / ".coverage"))
    data.read()
    reached: dict[str, dict[str, list[str]]] = {}
    for name in data.measured_files():
        lines = data.contexts_by_lineno(name)
        relative = Path(name).relative_to(tree).as_posix()
        reached[relative] = {
            str(line): sorted({context.partition("|")[0] for context in contexts if context})
            for line, contexts in lines.items()
        }
    return reached


def choose_tests(mutant: Mutant, reached: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return the tests that reach a mutant's line: those at the mirrored path first, then a sample of the others."""
    tests = reached.get(mutant.path, {}).get(str(mutant.line), [])
    path = Path(mutant.path)
    mirrored = f"tests/{path.parent.as_posix()}/test_{path.stem.lstrip('_')}.py"
    near = [test for test in tests if test.startswith(mirrored)]
    folder = [test for test in tests if test.startswith(f"tests/{path.parent.as_posix()}") and test not in near]
    far = [test for test in tests if test not in near and test not in folder]
    rng = random.Random(mutant.index)
    rng.shuffle(folder)
    rng.shuffle(far)
    return [*near, *folder, *far][:MOST_TESTS]


def judge(mutant: Mutant, tree: Path, reached: dict[str, dict[str, list[str]]]) -> str:
    """Return "killed", "survived" or "unreached"."""
    tests = choose_tests(mutant, reached)
    if not tests:
        return "unreached"
    path = tree / mutant.path
    source = path.read_text(encoding="utf-8")
    path.write_text(apply(mutant, source), encoding="utf-8")
    try:
        return "survived" if run_tests(tree, tests, "-x", "--timeout=40", seconds=SECONDS) == 0 else "killed"
    finally:
        path.write_text(source, encoding="utf-8")


def show(mutant: Mutant) -> None:
    """Print a mutant as a diff."""
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    before, after = ast.unparse(ast.parse(source)), apply(mutant, source)
    print(f"{mutant.path}:{mutant.line} {mutant.function}: {mutant.change}")
    print("\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)))


def main(words: Sequence[str] | None = None) -> int:
    """Draw, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", default=list(PACKAGES))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", type=int, metavar="NUMBER")
    parser.add_argument("--tests", nargs="*", default=TESTS, help="where the tests are")
    parser.add_argument("--map", type=Path, help="a file that keeps which test reaches which line")
    given = parser.parse_args(words)
    mutants = draw(given.packages, given.count, given.seed)
    if given.show is not None:
        show(mutants[given.show])
        return 0
    counts = {"killed": 0, "survived": 0, "unreached": 0}
    with tempfile.TemporaryDirectory(prefix="studio-mutants-") as name:
        trees: Queue[Path] = Queue()
        for number in range(given.jobs):
            place = Path(name) / str(number)
            place.mkdir()
            trees.put(copy_tree(place))
        if given.map and given.map.exists():
            reached = json.loads(given.map.read_text(encoding="utf-8"))
        else:
            reached = map_lines(Path(name) / "0", given.packages, given.tests)
            if given.map:
                given.map.write_text(json.dumps(reached), encoding="utf-8")

        def judge_next(numbered: tuple[int, Mutant]) -> tuple[int, Mutant, str]:
            tree = trees.get()
            try:
                return *numbered, judge(numbered[1], tree, reached)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(given.jobs) as pool:
            for number, mutant, verdict in pool.map(judge_next, enumerate(mutants)):
                counts[verdict] += 1
                if verdict != "killed":
                    where = f"{mutant.path}:{mutant.line} {mutant.function}"
                    print(f"{verdict} {number}: {where}: {mutant.change}", flush=True)
    print(f"{counts['killed']} of {len(mutants)} killed: {100 * counts['killed'] / len(mutants):.0f} % ({counts})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
