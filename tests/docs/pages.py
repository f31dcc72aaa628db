"""Follows a page as a reader would: saves its files, and runs its commands, in the order of the page."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs_site.markdown import Block, find_blocks
from studio.cli.main import main

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"\b[EW][0-9]{3}\b")
_MEDIA = ("photo.jpg", "logo.png", "mask.png")
"""Files that pages take as given: any photograph, any logo, any mask."""


@dataclass(frozen=True)
class Done:
    """A command that was run."""

    code: int
    output: str


def follow_page(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> int:
    """Save the files and run the commands of a page, and return how many commands there were.

    A block `console` has commands after `$`; `exit=2` after it says that they end with that code. An error code in
    what the page shows must be in what the command prints.

    Raises:
        AssertionError: A command ended otherwise than the page says.
    """
    monkeypatch.chdir(folder)
    monkeypatch.setenv("STUDIO_CACHE_DIR", str(folder / "the cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "the data"))
    monkeypatch.setenv("STUDIO_DEVICE", "cpu")
    paths = [str(folder / "plugins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    _save_media(text, folder)
    count = 0
    for block in find_blocks(text):
        if "file" in block.attributes:
            place = folder / block.attributes["file"]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(block.body, encoding="utf-8")
        elif block.language == "console":
            for command in list_commands(block):
                count += 1
                _check(run_command(command, capfd), command, block)
    return count


def list_commands(block: Block) -> list[str]:
    """Return the commands of a block: the lines after `$`."""
    return [line[2:] for line in block.body.splitlines() if line.startswith("$ ")]


def _save_media(text: str, folder: Path) -> None:
    ramp = np.linspace(0, 255, 96 * 64 * 3).reshape(64, 96, 3).astype(np.uint8)
    for name in _MEDIA:
        if name in text:
            image = Image.fromarray(ramp)
            (image.convert("L") if name == "mask.png" else image).save(folder / name)


def run_command(command: str, capfd: pytest.CaptureFixture[str]) -> Done:
    """Run a line: `studio` in this process, anything else in one of its own."""
    program, *arguments = shlex.split(command, comments=True)
    if program == "studio":
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return Done(int(ended.value.code or 0), "".join(capfd.readouterr()))
    assert program == "python", command
    done = subprocess.run([sys.executable, *arguments], capture_output=True, encoding="utf-8", check=False)
    return Done(done.returncode, done.stdout + done.stderr)


def _check(done: Done, command: str, block: Block) -> None:
    assert done.code == int(block.attributes.get("exit", 0)), f"{command}\n{done.output}"
    if len(list_commands(block)) == 1:
        shown = set(_CODE.findall(block.body))
        assert not shown or shown & set(_CODE.findall(done.output)), f"{command} shows {shown}:\n{done.output}"
