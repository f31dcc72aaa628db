"""A source is parsed though the interpreter fails where threads parse at once."""

from __future__ import annotations

import ast

import pytest

from studio.registry.parsed_source import parse_source


def test_a_failure_of_the_interpreter_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, failures = ast.parse, iter([SystemError("AST constructor recursion depth mismatch"), None])

    def fail_once(source: bytes) -> ast.Module:
        if (failure := next(failures)) is not None:
            raise failure
        return parse(source)

    monkeypatch.setattr(ast, "parse", fail_once)

    assert isinstance(parse_source(b"a = 1").body[0], ast.Assign)


def test_a_source_with_errors_raises_what_is_wrong() -> None:
    with pytest.raises(SyntaxError):
        parse_source(b"a =")
