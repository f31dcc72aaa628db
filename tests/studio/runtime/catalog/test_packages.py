"""`fetch_package`: what pip prints, in its older and its newer form, becomes an error of ours."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from studio.errors import ModelError
from studio.runtime.catalog.packages import Package, fetch_package

OLDER_CUT = "pip._vendor.urllib3.exceptions.ProtocolError: IncompleteRead(150 bytes read, 150 more expected)"
NEWER_CUT = """error: incomplete-download

\u00d7 Download failed because not enough bytes were received (150 bytes/300 bytes)
\u2570\u2500> URL: https://index/ink.whl
"""
NEWER_OTHER = """error: invalid-installed-package

\u00d7 Cannot process installed package ink 1.0 because it has an invalid requirement
\u2570\u2500> Found in: ink
"""


@pytest.mark.parametrize(
    ("printed", "code", "message"),
    [
        (OLDER_CUT, "E607", "the download of the pip package ink==1.0 was cut off"),
        (NEWER_CUT, "E607", "the download of the pip package ink==1.0 was cut off"),
        (NEWER_OTHER, "E607", "Cannot process installed package ink 1.0 because it has an invalid requirement"),
        ("ERROR: no such option: --dest", "E607", "ERROR: no such option: --dest"),
        ("ERROR: No matching distribution found for ink==1.0", "E608", "the registry has no pip package ink==1.0"),
    ],
)
def test_what_pip_prints_becomes_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, code: str, message: str
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ncat >&2 << 'END'\n{printed}\nEND\nexit 1\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(program))

    with pytest.raises(ModelError) as caught:
        fetch_package(Package("pip:ink==1.0"), tmp_path)

    assert caught.value.code == code
    assert caught.value.message.endswith(message)
