"""Spans of time as users write them: pairs of seconds, or mappings with a start and an end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from studio.api import MediaError

Span = tuple[float, float]
_MOST_SPANS = 10_000
_MOST_SECONDS = 86_400


def parse_spans(spans: Any) -> list[Span]:
    """Return spans in order of time, those that touch or overlap joined.

    Args:
        spans: List of `[start, end]` in seconds, or of mappings with `start` and `end`, as `video.find_scenes` gives.

    Raises:
        MediaError: E701 for anything else, a span that does not end after it begins, or over 10,000 spans.
    """
    if not isinstance(spans, list | tuple) or not spans:
        raise _refuse(f"{str(spans)[:40]!r} is not a list of spans")
    if len(spans) > _MOST_SPANS:
        raise _refuse(f"{len(spans)} spans are over {_MOST_SPANS}")
    joined: list[Span] = []
    for start, end in sorted(map(_parse_span, spans)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _parse_span(span: Any) -> Span:
    ends = [span.get("start"), span.get("end")] if isinstance(span, dict) else span
    if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(_is_time, ends)):
        raise _refuse(f"{str(span)[:60]} is not a span from 0 to {_MOST_SECONDS} seconds")
    if ends[1] <= ends[0]:
        raise _refuse(f"a span from {ends[0]:g} to {ends[1]:g} seconds does not end after it begins")
    return float(ends[0]), float(ends[1])


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= _MOST_SECONDS


def _refuse(message: str) -> MediaError:
    return MediaError("E701", message, hint="write spans like [[0, 1.5], [4, 6]]")


def limit_spans(spans: Sequence[Span], seconds: float) -> list[Span]:
    """Return the parts of spans before a time."""
    return [(start, min(end, seconds)) for start, end in spans if start < seconds]


def invert_spans(spans: Sequence[Span], seconds: float) -> list[Span]:
    """Return what lies between and beside spans, from 0 to a time."""
    ends = [0.0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), seconds]
    return [(end, start) for end, start in zip(ends, starts, strict=True) if start > end]
