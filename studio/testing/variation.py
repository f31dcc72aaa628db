"""Derives from a value a different one for the same input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.api import Audio, Field, File, Image, Mask, Model, OutputPath, TypeSpec, Video
from studio.api.type_spec import ValueProblem, check_value, find_written_faults

_WRITTEN = ("#123456", "2:1", "1", '{"changed": 1}', "1\n00:00:00,000 --> 00:00:01,000\nchanged\n")
"""Texts that follow one grammar or another: a color, a ratio, a number, JSON, subtitles."""


def are_equal(first: Any, second: Any) -> bool:
    """Say whether two values are one, or equal by their class's own word."""
    try:
        return first is second or (type(first) is type(second) and bool(first == second))
    except (Exception, SystemExit):  # the author's class, or an array's
        return False


class NoVariation(Exception):
    """No other value could be derived; the text says what to do."""


def derive_value(spec: TypeSpec, value: Any, classes: Mapping[str, type], folder: Path) -> Any:
    """Return a value that fits `spec` and differs from `value`.

    Args:
        spec: The type of the input.
        value: The present value.
        classes: The classes of value types, by name.
        folder: Folder for a file, if the input reads one.

    Raises:
        NoVariation: Nothing could be derived.
    """
    for candidate in _propose(spec, value, folder):
        try:
            checked = check_value(spec, candidate, classes)
        except ValueProblem:
            continue
        if any(True for _ in find_written_faults(spec, checked)):
            continue
        if not are_equal(checked, value):
            return checked
    raise NoVariation(f"no other value of type {spec} could be derived; pass one: variants={{name: value}}")


def _propose(spec: TypeSpec, value: Any, folder: Path) -> Iterator[Any]:
    if value is None:
        yield from _propose_first(spec, folder)
    elif spec.depth or isinstance(value, list):
        yield from _propose_lists(spec, value, folder)
    elif spec.name == "choice" or spec.choices:
        yield from spec.choices
    elif spec.name == "json":
        yield from ([value], "changed")
    else:
        yield from _propose_single(value, spec.limits or Field(), folder)
    if spec.optional:
        yield None


def _propose_first(spec: TypeSpec, folder: Path) -> Iterator[Any]:
    """Yield values for an optional input that is empty."""
    import numpy as np

    if spec.name == "file":
        yield _write_file(folder / "fresh", b"fresh")
        return
    limits = spec.limits or Field()
    bounds = [bound for bound in (limits.ge, limits.gt, limits.le, limits.lt) if bound is not None]
    singles: list[Any] = [*spec.choices, 1, *bounds, *(int(bound) + 1 for bound in bounds), 0.5, True, "x", *_WRITTEN]
    gray = np.full((8, 8), 128, np.uint8)
    singles += [
        Image(gray),
        Mask(gray),
        Image(np.stack([gray] * 3, axis=2)),
        Image(np.stack([gray] * 4, axis=2)),
        Audio(np.zeros((64, 1), np.float32), 8000),
    ]
    for single in singles:
        nested = single
        for _ in range(spec.depth):
            nested = [nested]
        yield nested


def _propose_lists(spec: TypeSpec, value: Any, folder: Path) -> Iterator[Any]:
    entries = list(value)
    inner = replace(spec, depth=max(0, spec.depth - 1), optional=False, limits=None)
    if entries:
        for candidate in _propose(inner, entries[0], folder):
            yield [candidate, *entries[1:]]
        yield [*entries, entries[0]]
        yield entries[:-1]
    else:
        for candidate in _propose_first(inner, folder):
            yield [candidate]


def _propose_single(value: Any, limits: Field, folder: Path) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from _propose_numbers(value, limits)
    elif isinstance(value, str):
        yield from (value + "x", value + " changed", value[:-1], "x")
        yield from (f"{value} + 1", *_WRITTEN)
    elif isinstance(value, dict):
        yield value | {"changed": True}
    elif isinstance(value, Image | Mask | Audio | Video):
        yield _change_medium(value)
    elif isinstance(value, Model | File | OutputPath):
        yield _change_reference(value, folder)


def _change_medium(value: Image | Mask | Audio | Video) -> Any:
    if isinstance(value, Audio):
        return _change_audio(value)
    if isinstance(value, Video):
        frames = [frame.image for frame in value.frames()]
        return Video.from_images([_flip_sample(frames[0]), *frames[1:]], value.rate, value.audio)
    return _flip_sample(value)


def _change_reference(value: Model | File | OutputPath, folder: Path) -> Any:
    if isinstance(value, Model):
        return Model(value.reference, (*value.options, ("changed", True)))
    if isinstance(value, File):
        return _change_file(value, folder)
    name = f"changed-{value.path.name}"
    return OutputPath(value.path.with_name(name), str(Path(value.name).with_name(name)))


def _propose_numbers(value: float, limits: Field) -> Iterator[Any]:
    bounds = [bound for bound in (limits.ge, limits.gt, limits.le, limits.lt) if bound is not None]
    yield from (value + 1, value - 1)
    if isinstance(value, float):
        yield from (value + 0.125, value - 0.125)
        yield from ((value + bound) / 2 for bound in bounds)
    yield from bounds


def _flip_sample(image: Any) -> Any:
    import numpy as np

    array = np.array(image.compact())
    top = 1.0 if array.dtype == np.float32 else np.iinfo(array.dtype).max
    first = (0,) * array.ndim
    array[first] = 0 if array[first] > top / 2 else top
    return type(image)(array, color=image.color)


def _change_audio(audio: Audio) -> Audio:
    import numpy as np

    samples = np.array(audio.samples) if audio.frames else np.zeros((1, audio.channels), np.float32)
    samples[0, 0] = 0.5 if audio.frames == 0 or samples[0, 0] < 0.25 else 0.0
    return Audio(samples, audio.rate)


def _change_file(file: File, folder: Path) -> File:
    return _write_file(folder / f"changed-{file.name}", file.path.read_bytes() + b"\0")


def _write_file(path: Path, data: bytes) -> File:
    from blake3 import blake3

    path.write_bytes(data)
    return File(path, blake3(data).hexdigest(), len(data))
