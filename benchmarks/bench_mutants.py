"""How many small mistakes the tests notice: mutants drawn by seed from `studio/execution`, `cache` and `batch`.

    python benchmarks/bench_mutants.py                     200 mutants, seed 1
    python benchmarks/bench_mutants.py --count 40 --seed 7 studio/cache
    python benchmarks/bench_mutants.py --show 17           one mutant of the draw, as a diff

    python benchmarks/bench_mutants.py --only 17,23        some mutants of the draw, with all tests that reach them

A mutant changes one thing: a comparison, a boolean operator, a constant, a sign, a condition, or it drops a call
whose result nobody uses. First all tests run once under coverage, which says which of them reach which line and how
long they take. Then each mutant meets the tests that reach its line, in a copy of the working tree: those at the
mirrored path first, the quickest first, until MOST_SECONDS are spent. A line that runs in other processes only meets
the tests that reach its module, or those at its mirrored path. A mutant is killed if a test fails or hangs.

The tests are imported once. For each mutant the process forks, and the fork exchanges the code of the mutated
function; the file is changed too, for the processes that tests start.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import difflib
import gc
import itertools
import json
import math
import multiprocessing
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

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
MOST_SECONDS = 60.0
LIMIT_SECONDS = 600
PROCESSES = multiprocessing.get_context("spawn")
OUTPUT = "output.txt"
PYTEST = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not slow"]


@dataclass(frozen=True)
class Reach:
    """Which tests reach each line (path -> line -> tests), and the seconds each test takes."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]


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


def find_environment(tree: Path) -> dict[str, str]:
    """Return the environment in which a tree's own packages are imported."""
    path = f"{tree}:{tree / 'plugins'}"
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def map_lines(tree: Path, packages: Sequence[str], tests: Sequence[str]) -> Reach:
    """Return what the tests reach; tests that fail without a mutant are left out."""
    import coverage

    report = tree / "report.xml"
    measure = [
        *(f"--cov={package}" for package in packages),
        "--cov-context=test",
        "--cov-report=",
        "--cov-fail-under=0",
    ]
    words = [sys.executable, "-m", "pytest", *PYTEST, *measure, f"--junitxml={report}", *tests]
    subprocess.run(words, cwd=tree, env=find_environment(tree), capture_output=True, check=False)
    seconds = read_seconds(report)
    data = coverage.CoverageData(str(tree / ".coverage"))
    data.read()
    reached: dict[str, dict[str, list[str]]] = {}
    for name in data.measured_files():
        relative = Path(name).relative_to(tree).as_posix()
        reached[relative] = {
            str(line): sorted({context.partition("|")[0] for context in contexts} & seconds.keys())
            for line, contexts in data.contexts_by_lineno(name).items()
        }
    return Reach(reached, seconds)


def read_seconds(report: Path) -> dict[str, float]:
    """Return the seconds of each test that passed, from pytest's report in XML."""
    seconds = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is None and case.find("error") is None:
            path = case.get("classname", "").replace(".", "/") + ".py"
            seconds[f"{path}::{case.get('name')}"] = float(case.get("time", 0))
    return seconds


def choose_tests(mutant: Mutant, reach: Reach, most_seconds: float = MOST_SECONDS) -> list[str]:
    """Return tests that reach a mutant's line, else its module, else those at its mirrored path: nearest first."""
    path = Path(mutant.path)
    folder = f"tests/{path.parent.as_posix()}"
    mirrored = f"{folder}/test_{path.stem.lstrip('_')}.py"
    module = reach.lines.get(mutant.path, {})
    tests = module.get(str(mutant.line)) or sorted({test for found in module.values() for test in found})
    tests = tests or [test for test in reach.seconds if test.startswith(mirrored)]

    def rank(test: str) -> tuple[bool, bool, float]:
        return not test.startswith(mirrored), not test.startswith(folder), reach.seconds.get(test, 1.0)

    chosen, spent = [], 0.0
    for test in sorted(tests, key=rank):
        spent += reach.seconds.get(test, 1.0)
        if spent <= most_seconds or not chosen:
            chosen.append(test)
    return chosen


class Judge:
    """A plugin of pytest: instead of running the tests it judges mutants, each in a fork.

    Args:
        tree: The copy of the working tree.
        chosen: The mutants by number, and the tests that each meets.
        report: Called with the number of a mutant, what came of it and the test that failed.
    """

    def __init__(
        self, tree: Path, chosen: Mapping[int, tuple[Mutant, list[str]]], report: Callable[[int, str, str], None]
    ) -> None:
        self._tree = tree
        self._chosen = chosen
        self._report = report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge the mutants."""
        items = {item.nodeid: item for item in session.items}
        for number, (mutant, tests) in self._chosen.items():
            found = [items[test] for test in tests if test in items]
            self._report(number, *(self._judge(session, mutant, found) if found else ("unreached", "")))
        return True

    def _judge(self, session: pytest.Session, mutant: Mutant, items: list[pytest.Item]) -> tuple[str, str]:
        path = self._tree / mutant.path
        source = path.read_text(encoding="utf-8")
        path.write_text(apply(mutant, (ROOT / mutant.path).read_text(encoding="utf-8")), encoding="utf-8")
        note = self._tree / "failed_test.txt"
        process = os.fork()
        if process == 0:
            os.setpgid(0, 0)
            os._exit(self._run(session, items, path, note))
        try:
            code = wait(process, LIMIT_SECONDS)
        finally:
            path.write_text(source, encoding="utf-8")
        return ("survived", "") if code == 0 else ("killed", note.read_text(encoding="utf-8"))

    def _run(self, session: pytest.Session, items: list[pytest.Item], path: Path, note: Path) -> int:
        """Run tests in this process after a module has changed; return 1 if one fails."""
        exchange_code(path)
        for item, following in itertools.zip_longest(items, items[1:]):
            note.write_text(item.nodeid, encoding="utf-8")
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


def wait(process: int, limit_seconds: float) -> int:
    """Wait for a process and end its group; return its exit code, 124 if it takes too long."""
    limit = time.monotonic() + limit_seconds
    code = None
    while code is None and time.monotonic() < limit:
        ended, status = os.waitpid(process, os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if ended else None
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    if code is None:
        os.waitpid(process, 0)
    return 124 if code is None else code


def exchange_code(path: Path) -> None:
    """Give the imported functions of a module the code that its file has now."""
    compiled = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    fresh = {(code.co_qualname, code.co_firstlineno): code for code in find_codes(compiled)}
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__code__.co_filename == str(path):
            old = function.__code__
            code = fresh.get((old.co_qualname, old.co_firstlineno))
            if code is not None and code != old and code.co_freevars == old.co_freevars:
                function.__code__ = code


def find_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object's inner ones, however deep."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from find_codes(inner)


def show(mutant: Mutant) -> None:
    """Print a mutant as a diff."""
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    before, after = ast.unparse(ast.parse(source)), apply(mutant, source)
    print(f"{mutant.path}:{mutant.line} {mutant.function}: {mutant.change}")
    print("\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)))


def judge_share(tree: Path, chosen: Mapping[int, tuple[Mutant, list[str]]], verdicts: Queue[Any]) -> None:
    """Be a process that judges mutants in a tree of its own; what it prints is in a file there."""
    os.environ.update(find_environment(tree))
    sys.path[:0] = [str(tree), str(tree / "plugins")]
    sys.dont_write_bytecode = True
    os.chdir(tree)
    output = os.open(tree / OUTPUT, os.O_RDWR | os.O_CREAT)
    for descriptor in (0, 1, 2):
        os.dup2(output, descriptor)
    files = sorted({test.partition("::")[0] for _, tests in chosen.values() for test in tests})
    judge = Judge(tree, chosen, lambda *verdict: verdicts.put(verdict))
    sys.exit(int(pytest.main([*PYTEST, "--timeout=60", *files], plugins=[judge])))


def judge_all(
    chosen: Mapping[int, tuple[Mutant, list[str]]], folder: Path, packages: Sequence[str], jobs: int
) -> Iterator[tuple[int, str, str]]:
    """Yield the number of each mutant, what came of it and the test that failed."""
    verdicts: Queue[Any] = PROCESSES.Queue()
    judges = {}
    for share in range(jobs):
        tree = copy_tree(folder / str(share))
        unparse_modules(tree, packages)
        part = dict(list(chosen.items())[share::jobs])
        judges[tree] = PROCESSES.Process(target=judge_share, args=(tree, part, verdicts))
        judges[tree].start()
    left = len(chosen)
    while left:
        try:
            yield verdicts.get(timeout=5)
            left -= 1
        except queue.Empty:
            for tree, process in judges.items():
                if process.exitcode not in (None, 0):
                    raise SystemExit((tree / OUTPUT).read_text(encoding="utf-8")) from None
    for process in judges.values():
        process.join()


def unparse_modules(tree: Path, packages: Sequence[str]) -> None:
    """Write modules as `ast` writes them, so that a mutant differs from them in one function only."""
    for package in packages:
        for path in (tree / package).rglob("*.py"):
            path.write_text(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))), encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Draw, judge, print."""
    given = parse_arguments(words)
    mutants = dict(enumerate(draw(given.packages, given.count, given.seed)))
    if given.show is not None:
        show(mutants[given.show])
        return 0
    if given.only:
        mutants = {number: mutants[number] for number in given.only}
    counts = Counter({"killed": 0, "survived": 0, "unreached": 0})
    with tempfile.TemporaryDirectory(prefix="studio-mutants-") as name:
        reach = find_reach(given, copy_tree(Path(name) / "map"))
        most_seconds = math.inf if given.only else MOST_SECONDS
        chosen = {number: (mutant, choose_tests(mutant, reach, most_seconds)) for number, mutant in mutants.items()}
        for number, verdict, test in judge_all(chosen, Path(name), given.packages, given.jobs):
            counts[verdict] += 1
            mutant = mutants[number]
            where = f"{mutant.path}:{mutant.line} {mutant.function}"
            print(f"{verdict} {number}: {where}: {mutant.change}{test and f' by {test}'}", flush=True)
    share = 100 * counts["killed"] / len(mutants)
    print(f"{counts['killed']} of {len(mutants)} killed: {share:.0f} % ({dict(counts)})")
    return 0


def parse_arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", default=list(PACKAGES))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", type=int, metavar="NUMBER")
    parser.add_argument("--only", type=parse_numbers, metavar="N,N", help="judge these, with all tests that reach them")
    parser.add_argument("--tests", nargs="*", default=TESTS, help="where the tests are")
    parser.add_argument("--map", type=Path, help="a file that keeps which test reaches which line")
    return parser.parse_args(words)


def parse_numbers(text: str) -> list[int]:
    """Return the numbers in "1,2,3"."""
    return [int(number) for number in text.split(",")]


def find_reach(given: argparse.Namespace, tree: Path) -> Reach:
    """Return what the tests reach, from the file of `--map` if it exists."""
    if given.map and given.map.exists():
        return Reach(**json.loads(given.map.read_text(encoding="utf-8")))
    reach = map_lines(tree, given.packages, given.tests)
    if given.map:
        given.map.write_text(json.dumps(asdict(reach)), encoding="utf-8")
    return reach


if __name__ == "__main__":
    sys.exit(main())
