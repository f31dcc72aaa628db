"""Follows what ran on the way to a file of an output: its steps, and the files that were read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from studio.api import File
from studio.api.content_origin import FROM, UNCHANGED
from studio.execution.call import Call, Result
from studio.execution.content import (
    WITHOUT_CONTENT,
    ContentTrace,
    Media,
    Step,
    Steps,
    UsedFile,
    find_output,
    iterate,
    list_media_inputs,
)

_READ = "captured"
_MOST_STEPS = 200
_MOST_FILES = 64


class _Place(NamedTuple):
    """A result on the way, and whether its content is in the file."""

    result: Result
    is_shown: bool


def follow_each(trace: ContentTrace, result: Result) -> list[Media]:
    """Return what each file of a result is made of, with what finds the steps to it.

    Args:
        trace: What is known of the results of a run.
        result: An output.
    """
    parts = trace.list_parts(result)
    return [replace(trace.find(part), find_steps=partial(find_steps, trace, part)) for part in parts]


def find_steps(trace: ContentTrace, result: Result) -> Steps:
    """Return what ran on the way to a result, in the order of running; a node that is mapped counts once."""
    steps: dict[int, Step] = {}
    files: dict[str, UsedFile] = {}
    seen: set[tuple[int, bool]] = set()
    stack: list[tuple[_Place, bool]] = [(_Place(result, True), False)]
    while stack:
        place, is_entered = stack.pop()
        if is_entered:
            _note(trace, place, steps, files)
            continue
        key = (id(place.result), place.is_shown)
        if key in seen:
            continue
        seen.add(key)
        stack.append((place, True))
        stack += [(one, False) for one in reversed(list(_list_sources(trace, place)))]
    return Steps(tuple(steps.values())[:_MOST_STEPS], tuple(files.values())[:_MOST_FILES])


def _list_sources(trace: ContentTrace, place: _Place) -> Iterator[_Place]:
    """Yield what a result was made from."""
    result = place.result
    if result.gathered:
        yield from (_Place(entry, place.is_shown) for entry in result.entries or ())
    elif result.parent is not None:
        yield from _list_of_entry(trace, place, result.parent)
    elif result.call is not None:
        yield from _list_inputs(trace, result.call, place)


def _list_of_entry(trace: ContentTrace, place: _Place, parent: Result) -> list[_Place]:
    """Return what an entry of a list was made from: of a list that was handed on, what it was there."""
    call = parent.call
    same = trace.list_same(call, place.result) if call is not None and _hands_on(call) else []
    return [_Place(one, place.is_shown) for one in same or [parent]]


def _list_inputs(trace: ContentTrace, call: Call, place: _Place) -> Iterator[_Place]:
    same = trace.list_same(call, place.result) if _hands_on(call) else []
    if same:
        yield from (_Place(one, place.is_shown) for one in same)
        return
    origin = _find_origin(trace, call, place.result)
    inputs = [end for end in list_media_inputs(call.node_type) if end.name in call.args and not end.is_file]
    if origin.startswith(FROM):
        inputs = [end for end in inputs if end.name == origin.removeprefix(FROM)]
    has_images = any(not end.is_mask for end in inputs)
    for end in inputs:
        yield _Place(call.args[end.name], place.is_shown and not (end.is_mask and has_images))


def _note(trace: ContentTrace, place: _Place, steps: dict[int, Step], files: dict[str, UsedFile]) -> None:
    """Note what a call did, or the files that it read."""
    call = place.result.call
    if call is None or place.result.gathered or place.result.parent is not None:
        return
    node_type = call.node_type
    origin = _find_origin(trace, call, place.result)
    if origin == _READ:
        for file in _list_files(trace, call):
            known = files.get(file.digest)
            files[file.digest] = UsedFile(file, place.is_shown or (known is not None and known.is_shown))
    elif place.is_shown and _changes(origin) and find_output(call, place.result)[1] not in WITHOUT_CONTENT:
        step = Step(node_type.id, node_type.distribution, node_type.distribution_version, origin)
        steps.setdefault(id(call.state), step)


def _list_files(trace: ContentTrace, call: Call) -> Iterator[File]:
    for end in list_media_inputs(call.node_type):
        if end.is_file and end.name in call.args:
            yield from (one for one in iterate(trace.find_plain(call.args[end.name])) if isinstance(one, File))


def _changes(origin: str) -> bool:
    return origin != UNCHANGED and not origin.startswith(FROM)


def _hands_on(call: Call) -> bool:
    return call.node_type.content_origin == UNCHANGED


def _find_origin(trace: ContentTrace, call: Call, result: Result) -> str:
    """Return what a call did to a result."""
    origin = trace.find_origin(call.node_type, call.args, trace.find_inputs(call.node_type, call.args))
    return origin if isinstance(origin, str) else origin.get(find_output(call, result)[0], "edited")
