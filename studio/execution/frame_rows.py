"""`FrameRows`: what a mapped call takes for each frame: the frames of its videos, and entries of lists beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Video
from studio.errors import StudioError
from studio.execution.call import Call
from studio.execution.nearest_frames import NearestFrames
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
        lead: The video that gives times, rate and audio: the first in the order of the node type's inputs.
    """

    def __init__(self, call: Call, inputs: Mapping[str, Any], classes: Mapping[str, type]) -> None:
        bound = call.state.node.inputs
        streams = {name: value for name, value in inputs.items() if name in bound and bound[name].stream}
        self.videos = {name: value for name, value in streams.items() if isinstance(value, Video)}
        self._lists = {name: value for name, value in streams.items() if isinstance(value, list)}
        self.names = {*self.videos, *self._lists}
        self.others = {name: value for name, value in inputs.items() if name not in self.names}
        self._lead_name = next(name for name in call.node_type.inputs if name in self.videos)
        self.lead: Video = self.videos[self._lead_name]
        self._followers = {name: video for name, video in self.videos.items() if name != self._lead_name}
        self._node_type = call.node_type
        self._classes = classes

    def read(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield the time of each frame of the lead and what goes with it: of other videos, the nearest frame."""
        others = [NearestFrames(name, video, self._lead_name, self.lead) for name, video in self._followers.items()]
        done, last = 0, None
        for done, frame in enumerate(self.lead.frames(), 1):
            last = frame
            images = {self._lead_name: frame.image}
            for name, other in zip(self._followers, others, strict=True):
                images[name] = other.find(frame.time).image
            yield frame.time, images | self._find_entries(done - 1)
        if last is not None:
            for other in others:
                other.check_end(last)
        self._check_lists(done)

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
