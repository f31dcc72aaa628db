"""Marks for a compiler that is not loaded: nothing changes until it is, and then they hold."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

from studio.runtime import compiler_marks
from studio.runtime.compiler_marks import hand_over_marks, mark_constant, mark_step, mark_uncompiled


def test_a_marked_function_is_called_as_it_is() -> None:
    @mark_uncompiled
    def add(left: int, right: int = 1) -> int:
        """Add."""
        return left + right

    @mark_uncompiled(recursive=False, reason="slow")
    def double(number: int) -> int:
        return 2 * number

    assert (add(1), add(1, right=5), double(4)) == (2, 6, 8)
    assert (add.__name__, add.__doc__) == ("add", "Add.")
    assert double._torchdynamo_disable_msg == "slow"


def test_steps_are_handed_over_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(compiler_marks, "_steps", [])
    taken: list[Any] = []
    compiler: Any = SimpleNamespace(allow_in_graph=taken.append)

    assert mark_step(len) is len
    assert mark_constant(mark_step(lambda: 1))._dynamo_marked_constant
    for _ in range(2):
        with hand_over_marks(compiler):
            assert len(taken) in (0, 2)

    assert len in taken
    assert len(taken) == 2


COMPILES = """
from studio.runtime.lean_imports import install_lean_imports
install_lean_imports()
import sys, torch
from studio.runtime.compiler_marks import mark_step, mark_uncompiled

@mark_uncompiled
def inner(x):
    return x + 1 if not torch.compiler.is_compiling() else x - 1

@mark_step
def step(x):
    return x * 2

def outer(x):
    return inner(step(x)) * 3

x = torch.arange(3.0)
plain = outer(x)
assert "torch._dynamo" not in sys.modules, "marking loaded the compiler"
compiled = torch.compile(outer, backend="eager")
assert torch.equal(compiled(x), plain), compiled(x)
assert torch.equal(inner(x), x + 1)
from torch._dynamo import trace_rules
assert id(step) in trace_rules._allowed_callable_ids, "the mark was not handed over"
"""


def test_what_is_marked_stays_uncompiled_when_the_compiler_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", COMPILES], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
