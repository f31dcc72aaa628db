"""`check_node_type` passes good node types and catches each kind of bad one: one deliberate mistake per test."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import pytest

from studio.api import (
    Audio,
    Batch,
    Cancelled,
    Context,
    Field,
    File,
    Image,
    JsonValue,
    Lazy,
    Model,
    ModelError,
    ModelOpener,
    OutputPath,
    Packed,
    StudioError,
    Unkeyed,
    ValueType,
    Video,
    hookimpl,
    node,
)
from studio.errors import NodeTypeError
from studio.testing import TestContext, check_node_type

GREY = Image(np.full((4, 6), 100, np.uint8))


def find_failures(function: Callable[..., Any], **example: Any) -> dict[str, str]:
    """Run the checks and return what failed, by the name of the check."""
    with pytest.raises(AssertionError) as caught:
        check_node_type(function, **example)
    failed = [line.split(None, 1)[1] for line in str(caught.value).splitlines() if line.startswith("  failed")]
    return {name: message for name, _, message in (line.partition(": ") for line in failed)}


# -- good ones -------------------------------------------------------------------------------------


@node("good.brighten")
def brighten(ctx: Context, image: Image, *, amount: Annotated[float, Field(ge=0, le=1)] = 0.1) -> Image:
    """Make a picture brighter.

    Args:
        image: Picture.
        amount: How much.
    """
    for row in range(3):
        ctx.step(row, 3)
    return Image(np.minimum(image.pixels + np.float32(amount), 1))


def test_a_good_node_type_passes_every_check() -> None:
    report = check_node_type(brighten, cancels=True, image=GREY)

    assert not report.failed
    assert {"declaration", "call", "inputs", "random state", "repeat", "call order", "cancellation", "codecs", "graph",
            "fingerprint", "runs"} <= set(report.passed)  # fmt: skip
    assert "checks passed" in str(report)


def test_sounds_pass() -> None:
    @node("good.listen")
    def listen(ctx: Context, audio: Audio, *, gain: float = 0.5) -> Audio:
        """Make a sound quieter.

        Args:
            audio: Sound.
            gain: Factor.
        """
        return Audio(audio.samples * np.float32(gain), audio.rate)

    assert not check_node_type(listen, audio=Audio(np.zeros((100, 2), np.float32), 8000)).failed


def test_films_pass() -> None:
    @node("good.reverse")
    def reverse(ctx: Context, video: Video) -> Video:
        """Play a film backwards.

        Args:
            video: Film.
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
        path: Where.
    """
    path.path.write_text(text)
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
        self.path.write_text("3")

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
        return json.loads(path.read_text())

    def measure(self, opened: Any) -> int:
        return 8


@node("good.multiply", lane="device")
def multiply(ctx: Context, number: int, *, model: Model = Model("builtin:three")) -> int:  # noqa: B008  (frozen)
    """Multiply by a model.

    Args:
        number: The number.
        model: The factor.
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
        path: Where.
    """
    path.path.write_text("x")
    return path.name


def test_a_cached_node_type_that_writes_files_is_caught() -> None:
    assert 'cache="never"' in find_failures(pure_writer, path="a.txt")["declaration"]


def test_an_example_that_does_not_fit_is_told_with_all_its_mistakes() -> None:
    with pytest.raises(AssertionError) as caught:
        check_node_type(brighten, amount=7.0, colour="red")

    for told in ("'amount' does not fit", "no input 'colour'", "'image' is required"):
        assert told in str(caught.value)


def test_a_function_that_is_no_node_type_is_refused() -> None:
    with pytest.raises(NodeTypeError, match="E202"):
        check_node_type(len)


# -- impure ones -----------------------------------------------------------------------------------


@node("bad.mutate")
def mutate(ctx: Context, items: list[int]) -> int:
    """Sum a list, and change it.

    Args:
        items: Numbers.
    """
    items.append(0)
    return sum(items)


def test_changing_an_input_is_caught() -> None:
    assert "'items'" in find_failures(mutate, items=[1, 2])["inputs"]


@node("bad.write_pixels")
def write_pixels(ctx: Context, image: Image) -> Image:
    """Paint into the input.

    Args:
        image: Picture.
    """
    image.pixels[0, 0] = 1
    return image


def test_writing_to_a_read_only_picture_is_told_as_such() -> None:
    assert "copy" in find_failures(write_pixels, image=GREY)["call"]


COUNTER = itertools.count()


@node("bad.remember")
def remember(ctx: Context, text: str) -> str:
    """Number a text.

    Args:
        text: Text.
    """
    return f"{text} {next(COUNTER)}"


def test_state_between_calls_is_caught() -> None:
    assert "repeat" in find_failures(remember, text="a")


LAST: list[str] = [""]


@node("bad.leak")
def leak(ctx: Context, text: str) -> str:
    """Prefix a text with the one of another call before.

    Args:
        text: Text.
    """
    before = "" if LAST[0] == text else LAST[0]
    LAST[0] = text
    return before + text


def test_results_that_depend_on_the_call_before_are_caught() -> None:
    LAST[0] = "a"

    assert "call order" in find_failures(leak, text="a")


@node("bad.roll")
def roll(ctx: Context) -> float:
    """Roll a die with Python's generator."""
    return random.random()


@node("bad.roll_numpy")
def roll_numpy(ctx: Context) -> float:
    """Roll a die with NumPy's generator."""
    return float(np.random.random())


@node("bad.reseed")
def reseed(ctx: Context) -> float:
    """Seed the global generator, then use it: equal results, and everybody else's are changed."""
    np.random.seed(3)
    return float(np.random.random())


@pytest.mark.parametrize(("function", "name"), [(roll, "random"), (roll_numpy, "numpy"), (reseed, "numpy")])
def test_global_random_generators_are_caught(function: Callable[..., Any], name: str) -> None:
    failures = find_failures(function)

    assert name in failures["random state"]
    assert ("repeat" in failures) == (function is not reseed)


def test_the_global_generators_are_left_as_they_were() -> None:
    random.seed(5)
    expected = random.Random(5).random()

    check_node_type(brighten, image=GREY)

    assert random.random() == expected


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
def test_a_call_that_raises_is_told_with_its_place(function: Callable[..., Any]) -> None:
    assert "call" in find_failures(function)


def test_the_place_of_a_failure_is_told() -> None:
    assert "test_testing.py:" in find_failures(crash)["call"]


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
    assert "another shape" in find_failures(wrong_shape)["call"]


# -- cancellation ----------------------------------------------------------------------------------


@node("bad.swallow")
def swallow(ctx: Context) -> int:
    """Go on after a cancel."""
    for done in range(5):
        try:
            ctx.step(done, 5)
        except BaseException:
            continue
    return 1


@node("bad.translate")
def translate(ctx: Context) -> int:
    """Turn a cancel into an error."""
    try:
        ctx.step(0, 1)
    except Cancelled:
        raise ValueError("cancelled") from None
    return 1


@node("bad.swallow_last")
def swallow_last(ctx: Context) -> int:
    """Let all cancels pass but the last."""
    for done in range(4):
        ctx.step(done, 4)
    try:
        ctx.step(4, 4)
    except BaseException:
        return 0
    return 1


@node("bad.litter")
def litter(ctx: Context) -> int:
    """Leave a temporary file when cancelled."""
    name = tempfile.mkstemp()[1]
    ctx.step(0, 1)
    Path(name).unlink()
    return 1


def test_swallowing_cancelled_is_caught() -> None:
    assert "swallowed" in find_failures(swallow)["cancellation"]
    assert "step 5 of 5" in find_failures(swallow_last)["cancellation"]
    assert "ValueError" in find_failures(translate)["cancellation"]


def test_temporary_files_left_by_a_cancel_are_caught() -> None:
    assert "ctx.scratch" in find_failures(litter)["cancellation"]


@node("good.scribble")
def scribble(ctx: Context) -> int:
    """Use scratch, which is removed whatever happens."""
    (ctx.scratch / "notes.txt").write_text("x")
    ctx.step(0, 1)
    return 1


def test_files_in_scratch_are_removed_and_no_mistake() -> None:
    assert "cancellation" in check_node_type(scribble).passed


@node("bad.silent")
def silent(ctx: Context, text: str = "") -> int:
    """Compute long without a step.

    Args:
        text: Text.
    """
    return 1


def test_a_long_call_without_steps_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.testing.purity.PATIENCE_SECONDS", -1.0)  # any call is a long one now

    assert "ctx.step" in find_failures(silent)["cancellation"]
    assert not check_node_type(silent, cancels=False).failed


def test_a_node_type_that_must_cancel_and_cannot_is_caught() -> None:
    assert "cancellation" in find_failures(silent, cancels=True)


# -- fingerprints, codecs, graphs ------------------------------------------------------------------


@node("bad.unkeyed")
def use_unkeyed(ctx: Context, text: str, *, times: Annotated[int, Unkeyed] = 2) -> str:
    """Repeat a text as often as an input says that is no part of the fingerprint.

    Args:
        text: Text.
        times: How often.
    """
    return text * times


@node("good.unkeyed")
def ignore_unkeyed(ctx: Context, text: str, *, threads: Annotated[int, Unkeyed] = 2) -> str:
    """Return a text.

    Args:
        text: Text.
        threads: Changes the speed only.
    """
    return text


def test_an_unkeyed_input_that_changes_the_result_is_caught() -> None:
    assert "'times'" in find_failures(use_unkeyed, text="a")["unkeyed inputs"]
    assert "unkeyed inputs" in check_node_type(ignore_unkeyed, text="a").passed


@dataclass(frozen=True)
class Note:
    """A pitch and a length."""

    studio_type: ClassVar[str] = "note"
    pitch: int
    length: float


class NoteType(ValueType[Note]):
    """Notes, stored whole."""

    name = "note"
    python = Note

    def pack(self, value: Note) -> Packed:
        """Take a note apart."""
        return Packed({"pitch": value.pitch, "length": value.length})

    def unpack(self, packed: Packed) -> Note:
        """Put it together."""
        return Note(packed.header["pitch"], packed.header["length"])


class ForgetfulType(NoteType):
    """Notes whose length is not stored."""

    def pack(self, value: Note) -> Packed:
        """Take a note apart, but for its length."""
        return Packed({"pitch": value.pitch})

    def unpack(self, packed: Packed) -> Note:
        """Put it together with a length of 1."""
        return Note(packed.header["pitch"], 1.0)


class SloppyType(NoteType):
    """Notes that come back half a tone higher."""

    def unpack(self, packed: Packed) -> Note:
        """Put it together wrong."""
        return Note(packed.header["pitch"] + 1, packed.header["length"])


class BrokenType(NoteType):
    """Notes that cannot be packed."""

    def pack(self, value: Note) -> Packed:
        """Give what is no JSON."""
        return Packed({"pitch": {1, 2}})  # type: ignore[dict-item]


@node("notes.transpose")
def transpose(ctx: Context, note: Note, *, by: int = 1) -> Note:
    """Transpose a note.

    Args:
        note: The note.
        by: Semitones.
    """
    return Note(note.pitch + by, note.length)


def test_a_value_type_of_a_plugin_passes() -> None:
    report = check_node_type(transpose, value_types=[NoteType()], note=Note(60, 0.5), variants={"note": Note(60, 0.25)})

    assert {"codecs", "fingerprint", "runs"} <= set(report.passed)


def test_a_codec_that_returns_something_else_is_caught() -> None:
    assert "loses" in find_failures(transpose, value_types=[SloppyType()], note=Note(60, 0.5))["codecs"]


def test_a_codec_that_leaves_something_out_is_caught_by_the_fingerprint() -> None:
    failures = find_failures(transpose, value_types=[ForgetfulType()], note=Note(60, 0.5),
                             variants={"note": Note(60, 0.25)})  # fmt: skip

    assert "'note'" in failures["fingerprint"]


def test_a_codec_that_raises_is_caught() -> None:
    assert find_failures(transpose, value_types=[BrokenType()], note=Note(60, 0.5))


def test_a_value_type_that_nobody_registers_is_told() -> None:
    assert "value type 'note'" in find_failures(transpose, note=Note(60, 0.5))["registration"]


def test_an_input_without_a_variant_is_named_among_the_skipped() -> None:
    report = check_node_type(transpose, value_types=[NoteType()], note=Note(60, 0.5))

    assert [check.name for check in report.skipped if "sensitivity" in check.name] == ["sensitivity to note"]


@node("bad.unknown_value")
def return_object(ctx: Context) -> Any:
    """Return what no codec knows."""
    return object()


def test_an_output_without_a_digest_is_caught() -> None:
    assert "no digest" in find_failures(return_object)["codecs"]


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


def double_all(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Double each."""
    return [call["number"] * 2.0 for call in calls]


def drift_all(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Double each, a bit off."""
    return [call["number"] * 2.0 + 0.01 for call in calls]


def drop_last(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Forget one."""
    return double_all(ctx, calls[:-1])


def mix_up(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return them in the wrong order."""
    return double_all(ctx, calls)[::-1]


def make_batched(function: Callable[..., Any], tolerance: float = 0.0) -> Callable[..., Any]:
    """Return a node type that doubles a number, with a function for stacks."""

    @node("stack.double", batch=Batch(function, tolerance=tolerance))
    def double(ctx: Context, number: float) -> float:
        """Double a number.

        Args:
            number: The number.
        """
        return number * 2.0

    return double


def test_a_stack_that_equals_single_calls_passes() -> None:
    assert "batch" in check_node_type(make_batched(double_all), number=1.5).passed


def test_the_stated_tolerance_of_a_stack_holds() -> None:
    assert "tolerance of 0" in find_failures(make_batched(drift_all), number=1.5)["batch"]
    assert "batch" in check_node_type(make_batched(drift_all, 0.02), number=1.5).passed


@pytest.mark.parametrize("function", [drop_last, mix_up, lambda ctx: []])
def test_a_stack_that_loses_or_mixes_calls_is_caught(function: Callable[..., Any]) -> None:
    assert "batch" in find_failures(make_batched(function), number=1.5)


# -- everything at once, and the context -----------------------------------------------------------


@node("bad.everything")
def do_everything_wrong(ctx: Context, items: list[int], *, loud: Annotated[bool, Unkeyed] = False) -> JsonValue:
    """Do many things wrong at once.

    Args:
        items: Numbers.
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
    assert "test_testing.py:" in str(caught.value)


def test_the_context_gives_scratch_rng_models_and_records() -> None:
    ctx = TestContext(models={"builtin:x": 7})
    scratch = ctx.scratch

    ctx.step(1, 2, GREY)
    ctx.log("careful")
    with ctx.open(Model("builtin:x")) as opened:
        assert opened == 7
    ctx.close()

    assert (ctx.steps, ctx.previews, ctx.messages) == ([(1, 2)], [GREY], ["careful"])
    assert not scratch.exists()
    assert ctx.rng(3).random() == TestContext().rng(3).random()


def test_the_context_cancels_where_asked_and_ever_after() -> None:
    ctx = TestContext(cancel_at_step=2)
    ctx.step(0, 3)

    for _ in range(2):
        with pytest.raises(Cancelled):
            ctx.step(1, 3)


def test_the_context_says_which_model_is_missing() -> None:
    with pytest.raises(ModelError, match="builtin:none") as caught, TestContext().open(Model("builtin:none")):
        pass
    assert isinstance(caught.value, StudioError)
