"""Times of the packets of a file: how many there are, when they end, and where timestamps jump.

Nothing is decoded. Jumps are joined by the rule of FFmpeg's command line (`ts_discontinuity_detect`): in containers
that may have them, a packet that comes 10 seconds or more from where it was expected, or a tenth of a second before the
last one, moves all streams so that it follows the packet before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from studio.api.av_file import lacks_times, open_container
from studio.api.formats import matroska
from studio.api.media_file import open_media

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from studio.settings import MediaLimits

Jumps = Sequence[tuple[int, Fraction]]
"""From which packet of a stream on its times are moved, and by how many seconds."""
_MICROSECONDS = 1_000_000
_FAR = 10 * _MICROSECONDS
_TICK = Fraction(1, 1000)  # of the clock of a movie, to which MP4 rounds the end of a track
_BACK = _MICROSECONDS // 10


@dataclass
class StreamTimes:
    """What the packets of a stream say.

    Attributes:
        base: Seconds of a unit of `times`.
        times: When each packet shows, joined where timestamps jump, in order.
        last_duration: Length of the packet that shows last; 0 if the file does not say.
        hidden: What the header counts and nobody sees: packets that an edit list cuts off, and places of an AVI file
            without a frame, where the one before goes on.
        is_damaged: Whether packets are marked as damaged, the rest of the file cannot be read, or it is cut off.
        jumps: Where timestamps jump.
        lengths: Lengths of packets without a timestamp, as in raw streams.
        latest: The greatest of `times`.
        declared: When the stream ends by its container, on the clock of the file; None where that does not say.
        found: When the last packet ends, likewise; None without packets.
        is_reordered: Whether the packet that shows last has another time of decoding. MP4 and MOV have lengths in the
            order of decoding only, which is then not how long the frame shows.
    """

    base: Fraction
    times: list[int] = field(default_factory=list)
    last_duration: int = 0
    hidden: int = 0
    is_damaged: bool = False
    jumps: list[tuple[int, Fraction]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    latest: int | None = None
    declared: Fraction | None = None
    found: Fraction | None = None
    is_reordered: bool = False

    @property
    def packets(self) -> int:
        """How many packets there are."""
        return self.hidden + (len(self.times) or len(self.lengths))

    @property
    def usual_step(self) -> int:
        """The median time between two frames; 0 for a single one."""
        steps = sorted(after - before for before, after in pairwise(self.times))
        return steps[len(steps) // 2] if steps else 0

    @property
    def end(self) -> Fraction | None:
        """When the last frame ends, on the clock of the file; None without packets."""
        if not self.times:
            return None
        return (self.times[-1] + (self.last_duration or self.usual_step)) * self.base


def scan_packets(path: Path, limits: MediaLimits) -> dict[int, StreamTimes]:
    """Return the times of every video and audio stream of a file by its index; all packets are read.

    Raises:
        MediaError: E511 if the file is unsupported or over a limit.
    """
    with open_container(path, limits) as container:
        streams = [stream for stream in container.streams if stream.type in ("video", "audio")]
        found = {stream.index: StreamTimes(stream.time_base or Fraction(1, _MICROSECONDS)) for stream in streams}
        clock = _Clock(may_jump=may_jump(container))
        numbers = dict.fromkeys(found, 0)
        for packet in _read_packets(container, streams) if streams else ():
            if packet is None:
                for times in found.values():
                    times.is_damaged = True
                continue
            if lacks_times(packet.stream):
                packet.pts = packet.dts
            _add(found[packet.stream_index], packet, numbers[packet.stream_index], clock)
            numbers[packet.stream_index] += 1
        if container.format.name.startswith("matroska") and _is_cut_off(path, limits):
            for times in found.values():
                times.is_damaged = True
        for stream in streams:
            _finish(found[stream.index], stream, container.format.name)
    return found


def _is_cut_off(path: Path, limits: MediaLimits) -> bool:
    with open_media(path, limits) as file:
        return matroska.is_cut_off(file)


def may_jump(container: Any) -> bool:
    """Say whether timestamps may jump in an open file, as its format says."""
    import av

    return bool(container.format.flags & av.format.Flags.ts_discont.value)


def create_mover(jumps: Jumps) -> Callable[[int, Any], None] | None:
    """Return what moves the packets of one reading by the jumps of their stream; None without jumps."""
    if not jumps:
        return None
    numbers = [number for number, _ in jumps]

    def move(number: int, packet: Any) -> None:
        place = bisect_right(numbers, number)
        units = round(jumps[place - 1][1] / packet.time_base) if place else 0
        if packet.pts is not None:
            packet.pts += units
        if packet.dts is not None:
            packet.dts += units

    return move


class _Clock:
    """Follows the timestamps of all streams; `offset` is what is added to them, in microseconds."""

    def __init__(self, *, may_jump: bool) -> None:
        self.offset = 0
        self._may_jump = may_jump
        self._last: int | None = None
        self._streams: dict[int, tuple[int, int]] = {}  # time of the last packet, and when the next is expected

    def follow(self, packet: Any) -> None:
        """Take a packet; `offset` is what it is moved by."""
        if packet.dts is None or not self._may_jump:
            return
        time = round(packet.dts * packet.time_base * _MICROSECONDS) + self.offset
        known = self._streams.get(packet.stream_index)
        jump = 0
        if known is not None:
            before, expected = known
            if abs(time - expected) > _FAR or time + _BACK < before:
                jump = time - expected
        elif self._last is not None and abs(time - self._last) > _FAR:
            jump = time - self._last
        self.offset -= jump
        time -= jump
        length = round((packet.duration or 0) * packet.time_base * _MICROSECONDS)
        self._streams[packet.stream_index] = (time, time + length)
        self._last = time


def _add(times: StreamTimes, packet: Any, number: int, clock: _Clock) -> None:
    clock.follow(packet)
    offset = Fraction(clock.offset, _MICROSECONDS)
    if offset != (times.jumps[-1][1] if times.jumps else 0):
        times.jumps.append((number, offset))
    if packet.is_discard:
        times.hidden += 1
    elif packet.pts is not None or packet.dts is not None:
        pts = (packet.dts if packet.pts is None else packet.pts) + round(offset / packet.time_base)
        if times.latest is None or pts >= times.latest:
            times.latest, times.last_duration = pts, packet.duration or 0
            times.is_reordered = packet.dts not in (None, packet.pts)
        times.times.append(pts)
        times.is_damaged = times.is_damaged or packet.is_corrupt
    else:
        times.lengths.append(packet.duration or 0)


def _finish(times: StreamTimes, stream: Any, container: str) -> None:
    if times.lengths and not times.times:
        times.times = list(accumulate(times.lengths[:-1], initial=0))
        times.last_duration = times.lengths[-1]
    times.times.sort()
    if not times.times:
        return
    if container == "avi" and stream.type == "video":
        times.hidden += max(0, times.times[-1] + 1 - len(times.times))
    times.found = (times.times[-1] + times.last_duration) * times.base
    times.declared = parse_clock(stream.metadata.get("DURATION", ""))
    if "mp4" in container and stream.duration:
        times.declared = (times.times[0] + stream.duration) * times.base
    end = _find_declared_end(times, stream, container)
    if end is not None:
        rest = round(end / times.base) - times.times[-1]
        if _is_better(times, rest, container):
            times.last_duration = rest


def _is_better(times: StreamTimes, rest: int, container: str) -> bool:
    """Say whether the time from the last frame to the declared end tells its length better than its packet does."""
    more = rest - times.last_duration
    if "mp4" not in container:
        return more > 0
    if times.is_reordered and rest > 0:
        return abs(more) * times.base > _TICK
    return more > times.usual_step


def _find_declared_end(times: StreamTimes, stream: Any, container: str) -> Fraction | None:
    """Return when a stream ends by its container, where packets do not say how long the last frame shows."""
    if container.startswith("matroska"):
        return None if times.is_damaged else parse_clock(stream.metadata.get("DURATION", ""))
    is_whole = not times.is_damaged and len(times.times) + times.hidden >= (stream.frames or 0)
    if "mp4" not in container or not stream.duration or not is_whole:
        return None
    return Fraction((times.times[0] + stream.duration) * times.base)


def parse_clock(text: str) -> Fraction | None:
    """Return seconds for a time like 00:00:04.007000000, or None for any other text."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    except (ValueError, ZeroDivisionError):
        return None


def _read_packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """Yield the packets of streams that are not empty; None for the rest of a file that FFmpeg cannot read."""
    import av

    try:
        for packet in container.demux(*streams):
            if packet.size:
                yield packet
    except av.error.FFmpegError:
        yield None
