"""What is wrong with a line, and what to type instead: one error, in the form of all errors."""

from __future__ import annotations

import pytest

from tests.studio.cli.conftest import Desk


@pytest.mark.parametrize(("line", "message", "hint"), [
    ("run", "studio run: missing argument 'GRAPH'", "usage: studio run [OPTIONS] GRAPH"),
    ("run a.json b.json", "studio run: got unexpected extra argument (b.json)", "usage: studio run [OPTIONS] GRAPH"),
    ("run a.json seed=3", "studio run: got unexpected extra argument (seed=3)", "write --set seed=3"),
    ("run a.json --seed 3", "studio run: unknown option '--seed'",
     "an input of the graph is --set seed=VALUE; studio run --help lists the options"),
    ("run a.json --no-cach", "studio run: unknown option '--no-cach'", "did you mean '--no-cache'?"),
    ("run a.json -o", "studio run: option '-o' requires an argument", "see studio run --help"),
    ("run a.json --timeout 5m", "studio run: invalid value for '--timeout': '5m' is not a valid number",
     "see studio run --help"),
    ("a.json", "studio: unknown command 'a.json'", "did you mean 'studio run a.json'?"),
    ("render a.json", "studio: unknown command 'render'", "did you mean 'studio run'?"),
    ("valdate a.json", "studio: unknown command 'valdate'", "did you mean 'studio validate'?"),
    ("abracadabra", "studio: unknown command 'abracadabra'", "studio --help lists all"),
    ("models pul x", "studio models: unknown command 'pul'", "did you mean 'studio models pull'?"),
    ("batch --workers 0", "studio batch run: missing argument 'GRAPH'",
     "usage: studio batch run [OPTIONS] GRAPH [ITEMS]"),
    ("batch --worker 0 g.json", "studio batch run: unknown option '--worker'", "did you mean '--workers'?"),
    ("new first.json", "studio new: unknown command 'first.json'", "did you mean 'studio new graph first.json'?"),
    ("cache clear --force", "studio cache clear: unknown option '--force'", "did you mean '--yes'?"),
    ("completion", "studio completion: missing argument 'SHELL'. Choose from: bash, zsh, fish",
     "usage: studio completion [OPTIONS] SHELL"),
])  # fmt: skip
def test_a_wrong_line_is_one_error_with_what_to_type(desk: Desk, line: str, message: str, hint: str) -> None:
    done = desk.call(*line.split())

    assert (done.code, done.out, done.err) == (2, "", f"error: E027 {message}\n  hint: {hint}\n")
