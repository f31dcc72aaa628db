"""`Context`: what both contexts that there are offer, with the same arguments."""

from __future__ import annotations

import inspect

import pytest

from studio.api import Context
from studio.execution.context import RunContext
from studio.testing import TestContext

MEMBERS = [name for name in vars(Context) if not name.startswith("_")]
METHODS = [name for name in MEMBERS if inspect.isfunction(vars(Context)[name])]


def test_a_context_is_narrow() -> None:
    names = [
        "checkpoint",
        "device",
        "dtype",
        "find_evidence",
        "frame",
        "keep",
        "log",
        "memo",
        "open",
        "rng",
        "scratch",
        "step",
    ]
    assert sorted(MEMBERS) == names


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [RunContext, TestContext])
def test_methods_take_the_same_arguments_everywhere(kind: type, name: str) -> None:
    declared = inspect.signature(getattr(Context, name)).parameters
    found = inspect.signature(inspect.unwrap(getattr(kind, name))).parameters

    assert [(p.name, p.kind, p.default) for p in found.values()] == [
        (p.name, p.kind, p.default) for p in declared.values()
    ]


def test_the_context_for_tests_has_every_member() -> None:
    context = TestContext()

    assert all(hasattr(context, name) for name in MEMBERS)
    assert (context.device, context.dtype) == ("cpu", "float32")
    context.close()
