"""`check_node_type` passes good node types and catches each kind of bad one: one deliberate mistake per test."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

from studio.api import (
    Audio,
    Cancelled,
    Context,
    Field,
    File,
    Image,
    JsonValue,
    Lazy,
    Model,
    ModelOpener,
    OutputPath,
    Unkeyed,
    Video,
    hookimpl,
    node,
)
from studio.errors import NodeTypeError
from studio.testing import check_node_type
from tests.studio.testing.conftest import GRAY, find_failures


@node("good.brighten")
def brighten(ctx: Context, image: Image, *, amount: Annotated[float, Field(ge=0, le=1)] = 0.1) -> Image:
    """Make a picture brighter.

    Args:
        image: Image to change.
        amount: How much of it.
    """
    for row in range(3):
        ctx.step(row, 3)
    return Image(np.minimum(image.pixels + np.float32(amount), 1))


def test_a_good_node_type_passes_every_check() -> None:
    report = check_node_type(brighten, cancels=True, image=GRAY)

    assert not report.failed
    assert {"declaration", "call", "inputs", "random state", "repeat", "call order", "cancellation", "codecs", "graph",
            "fingerprint", "runs"} <= set(report.passed)  # fmt: skip
    assert "checks passed" in str(report)


def test_sounds_pass() -> None:
    @node("good.listen")
    def listen(ctx: Context, audio: Audio, *, gain: float = 0.5) -> Audio:
        """Make a sound quieter.

        Args:
            audio: Audio to change.
            gain: Factor to apply.
        """
        return Audio(audio.samples * np.float32(gain), audio.rate)

    assert not check_node_type(listen, audio=Audio(np.zeros((100, 2), np.float32), 8000)).failed


def test_films_pass() -> None:
    @node("good.reverse")
    def reverse(ctx: Context, video: Video) -> Video:
        """Play a film backwards.

        Args:
            video: Video to read.
        """
        return Video.from_images([frame.image for frame in video.frames()][::-1], video.rate)

    frames = [Image(np.full((16, 16, 3), level, np.uint8)) for level in (0, 100, 200)]

    assert not check_node_type(reverse, video=Video.from_images(frames, 5)).failed


@node("good.count")
def count_up(ctx: Context, stop: int) -> Iterator[int]:
    """Count.

    Args:
        stop: Where to end.
    """
    yield from range(stop)


def test_a_generator_passes_and_is_cancelled_between_entries() -> None:
    report = check_node_type(count_up, cancels=True, stop=3)

    assert "cancellation" in report.passed


@node("good.tell_time", cache="recompute")
def tell_time(ctx: Context) -> float:
    """Tell the time."""
    return time.perf_counter()


def test_checks_that_make_no_sense_for_recompute_are_skipped_with_the_reason() -> None:
    report = check_node_type(tell_time)

    assert {check.name for check in report.skipped} >= {"repeat", "call order", "fingerprint", "second run"}
    assert all("recompute" in c.message for c in report.skipped if c.name == "repeat")


@node("good.write_text", cache="never")
def write_text(ctx: Context, text: str, path: OutputPath) -> str:
    """Write a text.

    Args:
        text: What to write.
        path: File to write.
    """
    path.path.write_text(text, encoding="utf-8")
    return path.name


def test_text_stands_for_the_name_of_a_file_to_write() -> None:
    assert "runs" in check_node_type(write_text, text="x", path="notes/a.txt").passed


@node("good.read_size")
def read_size(ctx: Context, file: File) -> int:
    """Read a file's size.

    Args:
        file: File to read.
    """
    return len(file.path.read_bytes())


def test_a_path_stands_for_a_file_to_read(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"12345")

    report = check_node_type(read_size, file=tmp_path / "a.bin")

    assert "fingerprint" in report.passed


class Weights(ModelOpener):
    """A plugin with a model and what opens it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "weights.json"
        self.path.write_text("3", encoding="utf-8")

    @hookimpl
    def studio_node_types(self) -> Iterable[Callable[..., Any]]:
        return [multiply]

    @hookimpl
    def studio_models(self) -> Mapping[str, Path]:
        return {"three": self.path}

    @hookimpl
    def studio_model_openers(self) -> Iterable[Any]:
        return [self]

    def can_open(self, path: Path, model: Model) -> bool:
        return path.suffix == ".json"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        return json.loads(path.read_text(encoding="utf-8"))

    def measure(self, opened: Any) -> int:
        return 8


@node("good.multiply", lane="device")
def multiply(ctx: Context, number: int, *, model: Model = Model("builtin:three")) -> int:  # noqa: B008  (frozen)
    """Multiply by a model.

    Args:
        number: Number to use.
        model: Factor to use.
    """
    with ctx.open(model) as factor:
        return int(number * factor)


def test_a_plugin_object_brings_models_and_what_opens_them(tmp_path: Path) -> None:
    report = check_node_type(multiply, plugin=Weights(tmp_path), number=2)

    assert {"call", "fingerprint", "runs"} <= set(report.passed)


# -- bad declarations and examples -----------------------------------------------------------------


@node("bad.undocumented")
def undocumented(ctx: Context, text: str, *, times: int = 2) -> str:
    """Repeat a text.

    Args:
        text: The text.
    """
    return text * times


def test_an_undocumented_input_is_caught() -> None:
    assert "'times'" in find_failures(undocumented, text="a")["declaration"]


class Bare(NamedTuple):
    """Two numbers."""

    first: int
    second: int


@node("bad.undocumented_output")
def undocumented_output(ctx: Context) -> Bare:
    """Give two numbers."""
    return Bare(1, 2)


def test_an_undocumented_output_is_caught() -> None:
    assert "declaration" in find_failures(undocumented_output)


@node("bad.pure_writer")
def pure_writer(ctx: Context, path: OutputPath) -> str:
    """Write a file.

    Args:
        path: File to write.
    """
    path.path.write_text("x", encoding="utf-8")
    return path.name


def test_a_cached_node_type_that_writes_files_is_caught() -> None:
    assert 'cache="never"' in find_failures(pure_writer, path="a.txt")["declaration"]


def test_an_example_that_does_not_fit_is_reported_with_all_its_mistakes() -> None:
    with pytest.raises(AssertionError) as caught:
        check_node_type(brighten, amount=7.0, colour="red")

    for told in ("'amount' does not fit", "unknown input 'colour'", "'image' is required"):
        assert told in str(caught.value)


def test_a_function_that_is_no_node_type_is_refused() -> None:
    with pytest.raises(NodeTypeError, match="E202"):
        check_node_type(len)


# -- bad calls -------------------------------------------------------------------------------------


@node("bad.crash")
def crash(ctx: Context) -> int:
    """Fail."""
    raise ValueError("on purpose")


@node("bad.exit")
def leave(ctx: Context) -> int:
    """End the program."""
    raise SystemExit(3)


@node("bad.cancel_itself")
def cancel_itself(ctx: Context) -> int:
    """Cancel."""
    raise Cancelled


@pytest.mark.parametrize("function", [crash, leave, cancel_itself])
def test_a_call_that_raises_is_reported_with_its_place(function: Callable[..., Any]) -> None:
    assert "call" in find_failures(function)


def test_the_place_of_a_failure_is_reported() -> None:
    assert "test_inspection.py:" in find_failures(crash)["call"]


@node("bad.wrong_type")
def wrong_type(ctx: Context) -> int:
    """Return text where a number was promised."""
    return "7"  # type: ignore[return-value]


@node("bad.wrong_shape")
def wrong_shape(ctx: Context) -> Bare:
    """Return one value where two were promised."""
    return 7  # type: ignore[return-value]


def test_an_output_of_the_wrong_type_is_caught() -> None:
    assert "output 'int'" in find_failures(wrong_type)["call"]


def test_a_result_of_the_wrong_shape_is_caught() -> None:
    assert "does not fit the declaration" in find_failures(wrong_shape)["call"]


# -- lazy inputs and batches -----------------------------------------------------------------------


@node("bad.needs", needs=lambda which, **_: ("third",))
def need_nonsense(ctx: Context, which: bool, *, first: Annotated[str | None, Lazy] = None) -> str:
    """Ask for an input that there is not.

    Args:
        which: Whether.
        first: Text.
    """
    return first or ""


@node("bad.needs_raises", needs=lambda: ())
def need_wrongly(ctx: Context, which: bool, *, first: Annotated[str | None, Lazy] = None) -> str:
    """Have a `needs` that takes nothing.

    Args:
        which: Whether.
        first: Text.
    """
    return first or ""


def test_needs_that_names_no_lazy_input_is_caught() -> None:
    assert "'third'" in find_failures(need_nonsense, which=True, first="a")["lazy inputs"]
    assert "needs raised" in find_failures(need_wrongly, which=True, first="a")["lazy inputs"]


# -- everything at once, and the context -----------------------------------------------------------


@node("bad.everything")
def do_everything_wrong(ctx: Context, items: list[int], *, loud: Annotated[bool, Unkeyed] = False) -> JsonValue:
    """Do many things wrong at once.

    Args:
        items: Numbers to use.
    """
    items.append(random.randrange(1000))
    with contextlib.suppress(BaseException):
        ctx.step(0, 1)
    return [loud, *items]


def test_all_failed_checks_are_listed_at_once_with_the_place_of_the_function() -> None:
    with pytest.raises(AssertionError) as caught:
        check_node_type(do_everything_wrong, items=[1])

    for name in ("declaration", "inputs", "random state", "repeat", "cancellation", "unkeyed inputs"):
        assert f"failed   {name}:" in str(caught.value)
    assert "test_inspection.py:" in str(caught.value)


def test_a_variant_that_equals_the_example_is_reported() -> None:
    failures = find_failures(brighten, image=GRAY, amount=0.2, variants={"amount": 0.2})

    assert failures == {"example": "the variant of input 'amount' equals the example's value; give one that differs"}
