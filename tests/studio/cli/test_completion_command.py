"""`studio completion`: the script that switches on completion, for each shell."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_completion_script(desk: Desk, shell: str) -> None:
    out = desk.call("completion", shell).out

    assert f"_STUDIO_COMPLETE={shell}_complete" in out


def test_an_unknown_shell_is_a_usage_error(desk: Desk) -> None:
    assert desk.call("completion", "tcsh").code == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_takes_the_script(desk: Desk) -> None:
    script = desk.call("completion", "bash").out

    done = subprocess.run(["bash", "-c", script + "\ncomplete -p studio"], capture_output=True, text=True)

    assert "studio" in done.stdout, done.stderr
