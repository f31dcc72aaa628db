"""espeak-ng, asked through a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, StudioError
from studio.testing import TestContext
from studio_speech import espeak
from studio_speech.espeak import Installation, find_installations
from studio_speech.nodes.speaking import say_text

TEXT = "The boy was there when the sun rose, and a large size in stockings is hard to sell."


def measure_level(sound: Audio) -> float:
    return float(10 * np.log10(np.mean(sound.samples.astype(np.float64) ** 2)))


@pytest.fixture(scope="module")
def plain() -> Audio:
    context = TestContext()
    said = say_text(context, TEXT).audio
    context.close()
    return said


def test_the_same_text_gives_the_same_samples(ctx: TestContext, plain: Audio) -> None:
    assert say_text(ctx, TEXT).audio == plain
    assert plain.rate == 22_050
    assert plain.channels == 1
    assert -30 < measure_level(plain) < -10


def test_nothing_of_espeak_is_loaded_into_this_process() -> None:
    code = (
        "import sys; from studio.testing import TestContext; from studio_speech.nodes.speaking import say_text;"
        "ctx = TestContext(); say_text(ctx, 'hello'); ctx.close();"
        "print('espeakng_loader' in sys.modules, 'torch' in sys.modules, 'espeak' in open('/proc/self/maps').read())"
    )
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")

    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split() == ["False", "False", "False"]


def test_a_text_never_reaches_a_command_line(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    real = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda command, **rest: seen.append((command, rest)) or real(command, **rest)
    )

    say_text(ctx, "wombat", voice="f2")

    assert len(seen) == 2
    assert all("wombat" not in str(command) and "f2" not in str(command) for command, _ in seen)
    assert not any(rest.get("shell") for _, rest in seen)


def test_the_system_library_speaks_where_the_package_is_not(
    tmp_path: Path, ctx: TestContext, plain: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = next(find_installations())
    assert packaged.data is not None
    (tmp_path / "libespeak-ng.so.1").symlink_to(packaged.library)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))  # what a system's library lies on
    monkeypatch.setenv("ESPEAK_DATA_PATH", str(Path(packaged.data).parent))
    monkeypatch.setattr(espeak.importlib.util, "find_spec", lambda name: None)

    installation, _ = espeak.open_installation()

    assert installation == Installation("libespeak-ng.so.1", None)
    assert say_text(ctx, TEXT).audio == plain


def test_no_espeak_at_all_is_an_error_that_says_what_to_type(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "find_installations", lambda: iter([Installation("/nowhere/libespeak-ng.so", None)]))

    with pytest.raises(StudioError) as caught:
        say_text(ctx, "hi")

    assert caught.value.code == "E663"
    assert "pip install espeakng-loader" in caught.value.hint


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
        ("import time; time.sleep(60)", "did not answer within 1 seconds"),
        ("print('rubbish')", "ended before its answer did"),
        ("raise SystemExit(3)", "exit code 3"),
    ],
)
def test_a_process_that_dies_hangs_or_babbles_is_an_error(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(program, encoding="utf-8")
    monkeypatch.setattr(espeak, "_WORKER", worker)

    with pytest.raises(StudioError) as caught:
        espeak.ask(next(find_installations()), {"do": "voices"}, timeout=1 if "sleep" in program else 60)

    assert caught.value.code == "E664"
    assert words in caught.value.message
