"""`NearestFrames`: the frames of a video at the times of another, so that videos that meet in a node meet in time."""

from __future__ import annotations

from studio.api import Frame, Video
from studio.errors import MediaError, StudioError

_SLACK_SECONDS = 1e-5  # times are whole microseconds


class NearestFrames:
    """Reads a video at the times of another, which leads, in constant memory.

    Both must last equally long; less than a frame of the slower one is no difference.

    Args:
        name: The input that the video is given at.
        video: The video.
        lead_name: The input that the other is given at.
        lead: The other.

    Raises:
        StudioError: E504 if the video has no frames.
    """

    def __init__(self, name: str, video: Video, lead_name: str, lead: Video) -> None:
        self._name, self._lead_name = name, lead_name
        self._video, self._lead = video, lead
        self._tolerance = max(_find_period(video), _find_period(lead)) - _SLACK_SECONDS
        self._frames = video.frames()
        first = next(self._frames, None)
        if first is None:
            raise MediaError("E504", f"input {name!r}: the video has no frames")
        self._shown: Frame = first
        self._following = next(self._frames, None)

    def find(self, time: float) -> Frame:
        """Return the frame whose time is nearest; of two, the earlier, as FFmpeg does with `ts_sync_mode=nearest`.

        Args:
            time: Time of a frame of the lead, never less than in the call before.

        Raises:
            StudioError: E308 if the video is over by then.
        """
        moment = round(time * 1_000_000)
        while (following := self._following) is not None:
            if abs(following.microseconds - moment) >= abs(self._shown.microseconds - moment):
                break
            self._advance(following)
        if self._following is None and time >= self._find_end() + self._tolerance:
            end = max(self._find_end(), self._video.duration)  # which may read the frames
            if time >= end + self._tolerance:
                raise self._refuse(max(time, self._lead.duration), end)
        return self._shown

    def check_end(self, last: Frame) -> None:
        """Check that the video ends with the other.

        Args:
            last: The last frame of the lead.

        Raises:
            StudioError: E308 if one of them is longer.
        """
        lead_end = last.time + _find_period(self._lead)
        while self._following is not None and self._find_end() < lead_end + self._tolerance:
            self._advance(self._following)
        end = self._find_end()
        if abs(end - lead_end) >= self._tolerance:
            end, lead_end = max(end, self._video.duration), max(lead_end, self._lead.duration)
        if abs(end - lead_end) >= self._tolerance:
            raise self._refuse(lead_end, end)

    def _advance(self, following: Frame) -> None:
        self._shown, self._following = following, next(self._frames, None)

    def _find_end(self) -> float:
        """Return when the frame that is shown ends, if it is the last."""
        return self._shown.time + _find_period(self._video)

    def _refuse(self, lead_end: float, end: float) -> StudioError:
        return StudioError(
            "E308",
            f"videos of unequal length: {self._lead_name} lasts {lead_end:.4g} s, {self._name} lasts {end:.4g} s",
            hint="cut one with video.trim, or change its pace with video.speed",
        )


def _find_period(video: Video) -> float:
    """Return how long a frame shows."""
    return float(1 / video.rate)
