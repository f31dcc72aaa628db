"""Maps a node type over the frames of a video, in constant memory; slow frames are cached meanwhile."""

from __future__ import annotations

import time as clock
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from studio.api import Frame, FramePosition, Image, Video, is_out_of_memory
from studio.errors import MediaError
from studio.execution.call import Call
from studio.execution.context import RunContext
from studio.execution.frame_rows import FrameRows
from studio.execution.invoke import WrongCount, check_result, invoke
from studio.execution.lazy_video import LazyVideos
from studio.execution.lookup import Lookup
from studio.execution.position import find_frame_parts
from studio.execution.progress import FrameProgress
from studio.execution.services import Services, StackLimits

_FRAME_OF = "frame of"  # in the parts of an action: the video that the frame was made for,
_NEW = "new blobs"  # and which of its blobs were made for it
_TRIED_FRAMES = 3
_PACE = 0.1


class VideoMapping:
    """Maps node types over videos in one run.

    Args:
        services: Cache, digests and classes.
        lookup: Finds and keeps frames.
        limits: How many frames are stacked at most.
        lazy_videos: Decides which videos are lazy.
    """

    def __init__(self, services: Services, lookup: Lookup, limits: StackLimits, lazy_videos: LazyVideos) -> None:
        self.services = services
        self.lookup = lookup
        self.limits = limits
        self.lazy_videos = lazy_videos

    def map_call(self, call: Call, inputs: Mapping[str, Any]) -> Any:
        """Run a call for every frame; return what the node type would return, with videos and lists for its outputs.

        A video that is the only output may be lazy; others are written as they are made. Every output is one pass
        over the frames. Further outputs come from the cache; fast frames, or those that are not cached, run again.
        """
        mapped = _MappedVideo(self, call, inputs)
        names = list(call.node_type.outputs)
        videos = [name for name in names if call.state.node.outputs[name].name == "video"]
        if names == videos and len(names) == 1:
            video = mapped.make_video(names[0])
            if self.lazy_videos.decide_from_frames(call, names[0], video):
                return (video,) if call.node_type.named else video
        outputs: dict[str, Any] = {name: self.services.cache.store_streams(mapped.make_video(name)) for name in videos}
        outputs |= mapped.make_lists([name for name in names if name not in videos])
        mapped.forget_frames()
        return tuple(outputs[name] for name in names) if call.node_type.named else outputs[names[0]]


class _MappedVideo:
    """One call that is mapped over the frames of its videos."""

    def __init__(self, mapping: VideoMapping, call: Call, inputs: Mapping[str, Any]) -> None:
        self._mapping = mapping
        self._lookup = mapping.lookup
        self._classes = mapping.services.classes
        self._call = call
        self._node_type = call.node_type
        self._rows = FrameRows(call, inputs, self._classes)
        self._digests = mapping.lookup.find_digests(call)
        self._first: dict[str, Any] | None = None
        self._tried: list[float] = []
        self._pace = 0.0
        self._count: int | None = None
        self._position: FramePosition | None = None
        self._kept: set[str] = set()
        self._blobs: set[str] = set()

    # -- outputs ---------------------------------------------------------------------------------------

    def make_video(self, name: str) -> Video:
        """Return the video of one output; its size is known once the first frame is."""
        image: Image = self._find_first()[name]
        lead = self._rows.lead

        def frames() -> Iterator[Frame]:
            for time, values in self._run_frames():
                yield Frame(values[name], time)

        return Video(
            frames,
            width=image.width,
            height=image.height,
            channels=image.channels,
            rate=lead.rate,
            count=lambda: lead.count,
            audio=lambda: lead.audio,
            duration=lambda: lead.duration,
            color=image.color,
        )

    def make_lists(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Return the outputs that are no videos: lists with an entry for each frame."""
        if not names:
            return {}
        rows = [[values[name] for name in names] for _, values in self._run_frames()]
        return {name: [row[index] for row in rows] for index, name in enumerate(names)}

    def forget_frames(self) -> None:
        """Drop cached frames: the video is kept as a whole."""
        self._lookup.forget_frames(self._kept, self._blobs)

    def _find_first(self) -> dict[str, Any]:
        """Return the outputs of the first frame, which has the size of all."""
        if self._first is None:
            stream = self._run_frames()
            try:
                _, first = next(stream, (0.0, None))
            finally:
                stream.close()
            if first is None:
                raise MediaError("E504", "the video has no frames")
            self._first = first
        return self._first

    # -- frames ----------------------------------------------------------------------------------------

    def _run_frames(self) -> Generator[tuple[float, dict[str, Any]], None, None]:
        """Yield time and outputs of each frame, in order."""
        context = self._call.context
        assert context is not None
        progress = FrameProgress(context.step, self._rows.lead.count or 0)
        rows = self._rows.read()
        size, known, done = 1, self._first, 0
        while stack := list(islice(rows, size)):
            position = self._find_position(done, stack[0][0])
            made = [known] if known is not None else self._run_stack([images for _, images in stack], position)
            known = None
            done += len(stack)
            for (time, _), values in zip(stack, made, strict=True):
                context.wait()
                progress.add(next((v for v in values.values() if isinstance(v, Image)), None))
                yield time, values
            size = self._find_stack_limit()

    def _find_position(self, index: int, time: float) -> FramePosition | None:
        """Return the position of a frame, if the node type uses it; such frames run one by one."""
        if not self._node_type.uses_frame:
            return None
        if self._count is None:
            lead = self._rows.lead
            self._count = sum(1 for _ in lead.frames()) if lead.count is None else lead.count
        return FramePosition(index, time, self._count)

    def _find_stack_limit(self) -> int:
        """Return how many frames run at once: one unless the node type stacks."""
        batch = self._node_type.batch
        if batch is None or not self._rows.names.isdisjoint(batch.same):
            return 1
        return max(1, self._mapping.limits.find(self._node_type))

    def _run_stack(self, stack: Sequence[Mapping[str, Any]], position: FramePosition | None) -> list[dict[str, Any]]:
        """Return the outputs of frames, from the cache or computed together."""
        self._position = position
        if not self._uses_cache():
            return self._compute(stack)
        keyed = [self._find_fingerprint(images) for images in stack]
        found = {index: values for index, (key, _) in enumerate(keyed) if (values := self._find(key)) is not None}
        missing = [index for index in range(len(stack)) if index not in found]
        made = dict(zip(missing, self._compute([stack[index] for index in missing]), strict=True))
        if self._tried and self._tried[-1] >= self._find_fast_limit():
            for index, values in made.items():
                self._keep(*keyed[index], values)
        return [values for _, values in sorted((found | made).items())]

    def _compute(self, stack: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Run the node type for frames, together if there are several, and measure how long it takes."""
        if not stack:
            return []
        begin = clock.perf_counter()
        made = [check_result(self._node_type, result, self._classes) for result in self._call_stack(stack)]
        for values in made:
            self._mapping.services.checks.check_outputs(values)
        seconds = (clock.perf_counter() - begin) / len(stack)
        if len(self._tried) >= _TRIED_FRAMES:
            self._tried.pop(0)
        self._tried.append(seconds)
        self._pace += (seconds - self._pace) * (_PACE if len(self._tried) >= _TRIED_FRAMES else 1.0)
        return made

    def _call_stack(self, stack: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what the node type returns; a stack that fails is halved, so that one bad frame fails alone."""
        context = self._call.context
        assert context is not None
        given = [{**self._rows.others, **images} for images in stack]
        try:
            return invoke(self._node_type, _FrameContext(context, self._position), given, self._mapping.services.loop)
        except WrongCount:
            raise
        except Exception as error:  # the frames run again, fewer at once
            if len(given) == 1 or self._node_type.batch is None:
                raise
            half = len(stack) // 2
            if is_out_of_memory(error):
                self._mapping.limits.lower(self._node_type, half)
        return [*self._call_stack(stack[:half]), *self._call_stack(stack[half:])]

    # -- the cache -------------------------------------------------------------------------------------

    def _uses_cache(self) -> bool:
        """Return whether frames are looked up and kept: those of pure node types, until they turn out to be fast."""
        if self._node_type.cache != "pure" or not self._lookup.is_kept(self._node_type):
            return False
        limit = self._find_fast_limit()
        return len(self._tried) < _TRIED_FRAMES or min(self._tried) >= limit or self._pace > limit

    def _find_fast_limit(self) -> float:
        """Return the seconds from which on a frame is kept."""
        return self._mapping.lazy_videos.find_limit(self._rows.lead.width, self._rows.lead.height)

    def _find_fingerprint(self, images: Mapping[str, Any]) -> tuple[str | None, dict[str, str]]:
        """Return the fingerprint of one frame, or None if an input has no digest, and the digests."""
        ends, digest = self._node_type.inputs, self._mapping.services.digests.digest
        given = {name: digest(image) for name, image in images.items() if not ends[name].unkeyed}
        digests = self._digests | given
        if self._position is not None:
            digests |= find_frame_parts(self._position)
        return self._lookup.compute_fingerprint(self._node_type, digests), digests

    def _find(self, fingerprint: str | None) -> dict[str, Any] | None:
        """Return what the cache has of a frame: from an earlier pass, or from a run that was killed half-way."""
        if fingerprint is None:
            return None
        if not self._lookup.is_looked_up(self._node_type) and fingerprint not in self._kept:
            return None
        found = self._lookup.find_frame(self._node_type, fingerprint)
        if found is None:
            return None
        action, values = found
        if self._call.context is not None:
            for note in action.notes:
                self._call.context.note(note)
        if action.parts.get(_FRAME_OF) == self._video_fingerprint:
            self._kept.add(fingerprint)
            self._blobs.update(action.parts.get(_NEW, "").split())
        return values

    def _keep(self, fingerprint: str | None, digests: Mapping[str, str], values: Mapping[str, Any]) -> None:
        if fingerprint is None:
            return

        def mark(new: Sequence[str]) -> dict[str, str]:
            return {_FRAME_OF: self._video_fingerprint, _NEW: " ".join(new)}

        new = self._lookup.keep_frame(self._node_type, fingerprint, digests, values, mark)
        if new is not None:
            self._kept.add(fingerprint)
            self._blobs.update(new)

    @property
    def _video_fingerprint(self) -> str:
        """The fingerprint of the whole video."""
        return self._call.fingerprint or ""


class _FrameContext:
    """A call's context without progress of its own: the video counts frames."""

    def __init__(self, context: RunContext, position: FramePosition | None) -> None:
        self._context = context
        if position is not None:
            self.frame = position

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Only pause and cancel."""
        self._context.wait()
