"""`FrameRows`: what a mapped call takes for each frame: the frames of its videos, and entries of lists beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Video
from studio.errors import StudioError
from studio.execution.call import Call
from studio.execution.values import fit_input


class FrameRows:
    """The inputs of a call that is mapped over videos.

    Args:
        call: The call.
        inputs: Its inputs, with videos and lists whole.
        classes: Classes of value types, by name.

    Attributes:
        videos: Videos that it is mapped over, by input.
        names: Inputs that differ from frame to frame.
        others: Inputs that are the same for all frames.
        lead: The video that gives times, rate and audio.
    """

    def __init__(self, call: Call, inputs: Mapping[str, Any], classes: Mapping[str, type]) -> None:
        bound = call.state.node.inputs
        streams = {name: value for name, value in inputs.items() if name in bound and bound[name].stream}
        self.videos = {name: value for name, value in streams.items() if isinstance(value, Video)}
        self._lists = {name: value for name, value in streams.items() if isinstance(value, list)}
        self.names = {*self.videos, *self._lists}
        self.others = {name: value for name, value in inputs.items() if name not in self.names}
        self.lead: Video = next(iter(self.videos.values()))
        self._node_type = call.node_type
        self._classes = classes

    def read(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield the time of each frame and the inputs that go with it."""
        streams = {name: video.frames() for name, video in self.videos.items()}
        done = 0
        while True:
            frames = {name: next(stream, None) for name, stream in streams.items()}
            present = {name: frame for name, frame in frames.items() if frame is not None}
            if not present:
                self._check_lists(done)
                return
            if len(present) < len(frames):
                ended = ", ".join(sorted(set(frames) - set(present)))
                raise StudioError(
                    "E308",
                    f"videos of unequal length: {ended} ended after {done} frames",
                    hint="trim them to one length first",
                )
            images = {name: frame.image for name, frame in present.items()}
            yield next(iter(present.values())).time, images | self._find_entries(done)
            done += 1

    def _find_entries(self, index: int) -> dict[str, Any]:
        """Return the entries of lists that go with a frame; a list of one stretches."""
        entries = {}
        for name, values in self._lists.items():
            if len(values) > 1 and index >= len(values):
                self._check_lists(index + 1)
            value = values[0 if len(values) == 1 else index]
            entries[name] = fit_input(self._node_type.inputs[name], value, self._classes)
        return entries

    def _check_lists(self, count: int) -> None:
        """Refuse lists that are not as long as the video."""
        for name, values in self._lists.items():
            if len(values) not in (1, count):
                raise StudioError(
                    "E308",
                    f"input {name!r} is a list of {len(values)}, but the video has a different number of frames",
                    hint="a list beside a video has one entry for each frame, or one for all",
                )
