"""Fakes for the whole suite: a plugin of trivial node types that report to a `Probe`, and what drives them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import numpy as np

from studio.api import (
    Added,
    Audio,
    Batch,
    Cancelled,
    Context,
    Frame,
    Image,
    JsonValue,
    Lazy,
    OutputPath,
    StudioError,
    Unkeyed,
    Video,
    hookimpl,
    node,
)
from studio.api.events import Event
from studio.app import RunResult, Studio
from studio.settings import Settings

T = TypeVar("T")
PATIENCE_SECONDS = 100.0


class Probe:
    """What fake node types report to, and the gates that they wait at. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.stacks: list[int] = []
        self.steps = 0
        self.largest = 0
        self.alive = 0
        self._gates: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def add_call(self, name: str) -> int:
        """Count a call; return how many there were of that name."""
        with self._lock:
            self.calls[name] += 1
            return self.calls[name]

    def find_gate(self, name: str) -> threading.Event:
        """Return the event of that name."""
        with self._lock:
            return self._gates.setdefault(name, threading.Event())

    def wait_at(self, name: str) -> None:
        """Say that somebody came to a gate, and wait until it is open."""
        self.find_gate(f"at {name}").set()
        assert self.find_gate(name).wait(PATIENCE_SECONDS), f"nobody opened the gate {name!r}"

    def open(self, name: str) -> None:
        """Open a gate."""
        self.find_gate(name).set()

    def wait_for(self, name: str) -> None:
        """Wait until somebody came to a gate."""
        assert self.find_gate(f"at {name}").wait(PATIENCE_SECONDS), f"nobody came to the gate {name!r}"

    def track(self, array: Any) -> Any:
        """Count an array as alive until it is freed."""
        import weakref

        with self._lock:
            self.alive += 1
            self.largest = max(self.largest, self.alive)
        weakref.finalize(array, self._forget)
        return array

    def _forget(self) -> None:
        with self._lock:
            self.alive -= 1


class Pair(NamedTuple):
    """Two numbers."""

    low: int
    high: int


class Blow(BaseException):
    """What no `except Exception` catches."""


class Blob:
    """A value that has no digest."""


def _raise(kind: str) -> int:
    match kind:
        case "exit":
            raise SystemExit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "memory":
            raise MemoryError("too much")
        case "hint":
            raise StudioError("E399", "the moon is full", hint="wait a week")
        case "base":
            raise Blow("boom")
        case "cancelled":
            raise Cancelled
        case "generator exit":
            raise GeneratorExit
        case "disk":
            raise OSError(28, "No space left on device")
    raise RuntimeError("nope")


class FakePlugin:
    """The plugin. Its node types are `fake.*`.

    Args:
        probe: What they report to; a fresh one if None.
        codes: Revisions of node types other than 1, by id.
        versions: Versions of node types other than 1.0, by id.
    """

    def __init__(
        self,
        probe: Probe | None = None,
        codes: Mapping[str, int] | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        self.probe = probe or Probe()
        self._codes = codes or {}
        self._versions = versions or {}

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        """Return the fakes."""
        found: list[Callable[..., Any]] = []

        def fake(id: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
            options.setdefault("code", self._codes.get(id, 1))
            options.setdefault("version", self._versions.get(id, "1.0"))

            def register(function: Callable[..., Any]) -> Callable[..., Any]:
                found.append(node(id, **options)(function))
                return function

            return register

        for create in (
            _create_numbers,
            _create_choices,
            _create_lists,
            _create_pictures,
            _create_trouble,
            _create_control,
        ):
            create(self.probe, fake)
        return found


def _create_numbers(probe: Probe, fake: Any) -> None:
    @fake("fake.add")
    def add(ctx: Context, a: int, b: int = 1) -> int:
        """Add two numbers."""
        probe.add_call(f"add {a} {b}")
        probe.add_call("add")
        return a + b

    @fake("fake.extend")
    def extend(ctx: Context, a: int, *, by: Annotated[int, Added] = 0) -> int:
        """Add a number that a later release takes."""
        probe.add_call("extend")
        return a + by

    @fake("fake.label")
    def label(ctx: Context, a: int, *, name: Annotated[str, Unkeyed] = "") -> int:
        """Add one; the name does not matter."""
        probe.add_call("label")
        return a + 1

    @fake("fake.square")
    def square(ctx: Context, a: float) -> float:
        """Square a number; the sign is lost."""
        probe.add_call("square")
        return a * a

    @fake("fake.pair")
    def pair(ctx: Context, a: int) -> Pair:
        """Return the numbers beside one."""
        probe.add_call("pair")
        return Pair(a - 1, a + 1)

    @fake("fake.write", cache="never")
    def write(ctx: Context, a: int, *, path: OutputPath) -> int:
        """Return a number, and write nothing."""
        return a

    @fake("fake.tally")
    def tally(ctx: Context, a: int, *, log: Annotated[str, Unkeyed]) -> int:
        """Add one, and a line to a file."""
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{a}\n")
        return a + 1


def _create_choices(probe: Probe, fake: Any) -> None:
    @fake("fake.is_even")
    def is_even(ctx: Context, a: int) -> bool:
        """Say whether a number is even."""
        probe.add_call("is_even")
        return a % 2 == 0

    @fake("fake.maybe")
    def maybe(ctx: Context, a: int | None = None) -> str:
        """Describe what came."""
        probe.add_call("maybe")
        return f"got {a}"

    @fake("fake.nullable")
    def nullable(ctx: Context, a: int | None) -> str:
        """Describe what came; something has to be wired."""
        return f"got {a}"

    @fake("fake.same")
    def same(ctx: Context, value: T) -> T:
        """Return the value."""
        probe.add_call("same")
        return value

    @fake("fake.pick", needs=lambda index, **_: (f"case_{index}",))
    def pick(
        ctx: Context, index: int = 1, case_1: Annotated[T | None, Lazy] = None, case_2: Annotated[T | None, Lazy] = None
    ) -> T:
        """Return one of two values."""
        value = case_1 if index == 1 else case_2
        assert value is not None
        return value

    @fake("fake.broken_choice", needs=lambda a, **_: a.no_such_thing)
    def broken_choice(ctx: Context, a: int, b: Annotated[int | None, Lazy] = None) -> int:
        """Choose with a broken rule."""
        return a


def _create_lists(probe: Probe, fake: Any) -> None:
    @fake("fake.count")
    def count(ctx: Context, n: int, start: int = 0) -> list[int]:
        """Return whole numbers in order."""
        probe.add_call("count")
        return list(range(start, start + n))

    @fake("fake.grid")
    def grid(ctx: Context, rows: int, columns: int) -> list[list[int]]:
        """Return a table of whole numbers."""
        return [[row * columns + column for column in range(columns)] for row in range(rows)]

    @fake("fake.total")
    def total(ctx: Context, numbers: list[int]) -> int:
        """Add up."""
        probe.add_call("total")
        return sum(numbers)

    @fake("fake.first")
    def first(ctx: Context, values: list[T]) -> T:
        """Return the first entry."""
        return values[0]

    @fake("fake.stream")
    def stream(ctx: Context, n: int) -> Iterator[int]:
        """Yield whole numbers."""
        probe.add_call("stream")
        for index in range(n):
            probe.steps += 1
            yield index

    def run_stack(ctx: Any, calls: Sequence[Mapping[str, Any]]) -> list[int]:
        probe.stacks.append(len(calls))
        assert len({call["scale"] for call in calls}) == 1
        return [call["a"] * call["scale"] for call in calls]

    @fake("fake.stacked", lane="device", device_free=True, batch=Batch(run_stack, same=("scale",), limit=4))
    def stacked(ctx: Context, a: int, scale: int = 10) -> int:
        """Multiply, many at once."""
        probe.stacks.append(1)
        return a * scale

    def wait_in_stack(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[int]:
        probe.stacks.append(len(calls))
        probe.find_gate("at stack").set()
        while not probe.find_gate("stack").wait(0.001):
            ctx.step(0, 1)
        return [call["a"] for call in calls]

    @fake("fake.stacked_wait", lane="device", device_free=True, batch=Batch(wait_in_stack, limit=4))
    def stacked_wait(ctx: Context, a: int) -> int:
        """Wait at the gate "stack", many at once."""
        return wait_in_stack(ctx, [{"a": a}])[0]

    def exhaust_stack(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[int]:
        probe.wait_at("stack")
        raise MemoryError

    @fake("fake.stacked_exhausted", lane="device", device_free=True, batch=Batch(exhaust_stack, limit=4))
    def stacked_exhausted(ctx: Context, a: int) -> int:
        """Wait at the gate "stack" and run out of memory, but not alone."""
        return a

    def fail_stack(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[int]:
        probe.stacks.append(len(calls))
        if any(call["a"] == 1 for call in calls):
            raise ValueError("one is invalid")
        return [call["a"] for call in calls]

    @fake("fake.stacked_fail", lane="device", device_free=True, batch=Batch(fail_stack, limit=4))
    def stacked_fail(ctx: Context, a: int) -> int:
        """Fail for 1, which ends a whole stack; say which ran alone."""
        ctx.log(f"{a} ran alone")
        return fail_stack(ctx, [{"a": a}])[0]

    def run_short_stack(ctx: Any, calls: Sequence[Mapping[str, Any]]) -> list[int]:
        return [1]

    @fake("fake.short_stack", lane="device", batch=Batch(run_short_stack, limit=8))
    def short_stack(ctx: Context, a: int) -> int:
        """Return too few results when stacked."""
        return a


def _create_pictures(probe: Probe, fake: Any) -> None:
    @fake("fake.image")
    def image(ctx: Context, seed: int = 0, side: int = 16) -> Image:
        """Make a picture of noise."""
        probe.add_call("image")
        pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
        return Image(probe.track(pixels))

    @fake("fake.shift")
    def shift(ctx: Context, image: Image, by: int = 1) -> Image:
        """Add to every sample, modulo 256."""
        probe.add_call("shift")
        made = Image(image.to_uint8() + np.uint8(by))
        probe.track(made.stored)
        return made

    @fake("fake.images")
    def images(ctx: Context, n: int, side: int = 16) -> list[Image]:
        """Make pictures of noise."""
        probe.add_call("images")
        return [Image(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)) for seed in range(n)]

    @fake("fake.hum")
    def hum(ctx: Context, text: str) -> Audio:
        """Hum a tenth of a second for each letter."""
        seconds = np.arange(4800 * len(text)) / 48_000
        return Audio((0.2 * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)[:, np.newaxis], 48_000)

    @fake("fake.mean")
    def mean(ctx: Context, image: Image) -> float:
        """Return the mean sample."""
        probe.add_call("mean")
        return float(image.pixels.mean())

    @fake("fake.mean_all")
    def mean_all(ctx: Context, images: list[Image]) -> float:
        """Return the mean sample of all."""
        probe.add_call("mean_all")
        return float(np.mean([image.pixels.mean() for image in images]))

    @fake("fake.film")
    def film(ctx: Context, n: int, side: int = 8, seconds: float = 0.0) -> Video:
        """Make a film, unevenly spaced, perhaps with a sound."""
        probe.add_call("film")

        def frames() -> Iterator[Frame]:
            for index in range(n):
                pixels = np.full((side, side, 3), index % 251, np.uint8)
                if index >= 251:
                    pixels[-1, -1] = index // 251  # no two frames are equal
                yield Frame(Image(probe.track(pixels)), index / 10 + (0.05 if index % 3 == 1 else 0.0))

        sound = Audio(np.linspace(-0.5, 0.5, int(8000 * seconds), dtype=np.float32)[:, None], 8000) if seconds else None
        return Video(frames, width=side, height=side, rate=Fraction(10), count=n, audio=sound)

    @fake("fake.first_frame")
    def first_frame(ctx: Context, video: Video) -> Image:
        """Return the first picture of a film."""
        return next(video.frames()).image

    @fake("fake.frame_at")
    def frame_at(ctx: Context, video: Video, index: int) -> Image:
        """Return one picture of a film."""
        return [frame.image for frame in video.frames()][index]

    @fake("fake.blend")
    def blend(ctx: Context, first: Image, second: Image) -> Image:
        """Return the mean of two pictures."""
        mean = (first.to_uint8().astype(np.uint16) + second.to_uint8()) // 2
        return Image(mean.astype(np.uint8))

    @fake("fake.invert")
    def invert(ctx: Context, image: Image) -> Image:
        """Turn light to dark."""
        done = probe.add_call("invert")
        if probe.find_gate(f"stop at {done}").is_set():
            raise RuntimeError("stopped")
        return Image(255 - image.to_uint8())

    def invert_stack(ctx: Any, calls: Sequence[Mapping[str, Any]]) -> list[Image]:
        probe.stacks.append(len(calls))
        return [Image(255 - call["image"].to_uint8()) for call in calls]

    @fake("fake.stacked_invert", batch=Batch(invert_stack, limit=4))
    def stacked_invert(ctx: Context, image: Image) -> Image:
        """Turn light to dark, many at once."""
        return Image(255 - image.to_uint8())


def _create_trouble(probe: Probe, fake: Any) -> None:
    @fake("fake.fail")
    def fail(ctx: Context, kind: str = "error", a: int = 0) -> int:
        """Raise something."""
        probe.add_call("fail")
        return _raise(kind)

    @fake("fake.fail_at")
    def fail_at(ctx: Context, a: int, bad: int) -> int:
        """Fail for one number."""
        probe.add_call("fail_at")
        if a == bad:
            raise ValueError(f"{a} is bad")
        return a

    @fake("fake.fail_once")
    def fail_once(ctx: Context, gate: str) -> int:
        """Wait at a gate and fail the first time, return one after that."""
        if probe.add_call("fail_once") == 1:
            probe.wait_at(gate)
            raise RuntimeError("the first time")
        return 1

    @fake("fake.wrong")
    def wrong(ctx: Context) -> int:
        """Return a text for a number."""
        return "text"  # type: ignore[return-value]  # that is the point

    @fake("fake.json")
    def json(ctx: Context, value: JsonValue) -> JsonValue:
        """Return JSON."""
        return value

    @fake("fake.opaque")
    def opaque(ctx: Context) -> Any:
        """Return something without a digest."""
        probe.add_call("opaque")
        return Blob()

    @fake("fake.look")
    def look(ctx: Context, value: Any) -> str:
        """Name the class of a value."""
        probe.add_call("look")
        return type(value).__name__

    @fake("fake.chance")
    def chance(ctx: Context, side: int = 128) -> Image:
        """Return another picture each time, though declared pure."""
        return Image(np.full((side, side, 3), probe.add_call("chance"), np.uint8))

    @fake("fake.again", cache="recompute")
    def again(ctx: Context, a: int) -> int:
        """Run each time."""
        probe.add_call("again")
        return a + 1

    @fake("fake.effect", cache="never")
    def effect(ctx: Context, a: int) -> int:
        """Run each time and keep nothing."""
        probe.add_call("effect")
        return a + 1


def _create_control(probe: Probe, fake: Any) -> None:
    @fake("fake.steps")
    def steps(ctx: Context, n: int = 10, a: int = 0) -> int:
        """Count steps."""
        probe.add_call("steps")
        for index in range(n):
            ctx.step(index, n)
            probe.steps += 1
            probe.find_gate("at steps").set()
        return a

    @fake("fake.stubborn")
    def stubborn(ctx: Context, n: int = 10**9) -> int:
        """Swallow the cancellation and return a part."""
        probe.find_gate("at steps").set()
        for index in range(n):
            try:
                ctx.step(index, n)
            except BaseException:
                return index
        return n

    @fake("fake.wait")
    def wait(ctx: Context, gate: str, a: int = 0, cautious: bool = False) -> int:
        """Wait at a gate, without a step unless it is cautious."""
        probe.add_call(f"wait {gate}")
        if cautious:
            probe.find_gate(f"at {gate}").set()
            while not probe.find_gate(gate).wait(0.001):
                ctx.step(0, 1)
            ctx.step(0, 1)  # who cancelled before opening the gate has cancelled
        else:
            probe.wait_at(gate)
        return a

    @fake("fake.hang_on_device", lane="device")
    def hang_on_device(ctx: Context, gate: str) -> int:
        """Wait at a gate on the device's lane."""
        probe.wait_at(gate)
        return 0

    @fake("fake.on_device", lane="device")
    def on_device(ctx: Context, a: int) -> int:
        """Add one on the device."""
        probe.add_call("on_device")
        return a + 1

    @fake("fake.mean_on_device", lane="device", device_free=True)
    def mean_on_device(ctx: Context, image: Image) -> float:
        """Return the mean sample, on the device."""
        probe.add_call("mean_on_device")
        return float(image.to_uint8().mean())

    @fake("fake.talk")
    def talk(ctx: Context, message: str) -> int:
        """Log a message."""
        ctx.log(message)
        (ctx.scratch / "x").write_text("y", encoding="utf-8")
        return 1


def create_settings(folder: Path, **changes: Any) -> Settings:
    """Return settings for a test: a cache in that folder, on the CPU."""
    return Settings(**{"cache_dir": folder, "device": "cpu", "workers": 2, "memory_bytes": 64 * 2**20} | changes)


def open_studio(folder: Path, probe: Probe | None = None, *, on_disk: bool = True, **changes: Any) -> Studio:
    """Return a Studio with the fakes alone."""
    codes, versions = changes.pop("codes", None), changes.pop("versions", None)
    plugin = FakePlugin(probe, codes, versions)
    return Studio(create_settings(folder, **changes), plugins=[("fake", plugin)], discover=False, on_disk=on_disk)


def graph(nodes: Mapping[str, Any], **outputs: str) -> dict[str, Any]:
    """Return a graph; each node is `(type, inputs)` or a whole node, each output the edge it comes from."""
    written = {
        name: {"type": n[0], "inputs": {k: edge(v) for k, v in n[1].items()}} if isinstance(n, tuple) else dict(n)
        for name, n in nodes.items()
    }
    return {"studio": 1, "nodes": written, "outputs": {name: {"from": source} for name, source in outputs.items()}}


def edge(value: Any) -> Any:
    """Return an edge for a text that begins with "@", also inside a list; other values as they are."""
    if isinstance(value, list):
        return [edge(entry) for entry in value]
    return {"from": value[1:]} if isinstance(value, str) and value.startswith("@") else value


def name_node(type: str, inputs: Mapping[str, Any], when: str) -> dict[str, Any]:
    """Return a node with a condition."""
    return {"type": type, "inputs": {k: edge(v) for k, v in inputs.items()}, "when": {"from": when}}


class Recorder:
    """Keeps the events of runs."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def names(self, node: str) -> list[str]:
        """Return the kinds of a node's events, in order."""
        return [type(event).__name__ for event in self.events if getattr(event, "node", None) == node]


def get_error(result: RunResult) -> StudioError:
    """Return the only error of a run."""
    (error,) = result.errors
    return error
