"""How frames are shown: all eight display matrices, and pixels that are not square."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av import sidedata

from studio.api.video_geometry import apply_display_matrix, find_display_matrix, find_square_size, is_slanted
from studio.api.video_probing import find_warnings, probe_file
from tests.studio.api.ffmpeg_chain import set_display_matrix
from tests.studio.api.media_files import make_corner, write_frames
from tests.studio.api.videos import LIMITS, VIDEO

ONE = 1 << 16
MATRICES = [(a, 0, 0, d) for a, d in product((1, -1), repeat=2)] + [(0, b, c, 0) for b, c in product((1, -1), repeat=2)]


def show(image: Any, matrix: tuple[int, int, int, int]) -> Any:
    """Where ISO 14496-12 shows each pixel: column a x + c y, row b x + d y, moved into the picture."""
    a, b, c, d = matrix
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    column, row = a * x + c * y, b * x + d * y
    column, row = column - column.min(), row - row.min()
    shown = np.zeros((row.max() + 1, column.max() + 1, *image.shape[2:]), image.dtype)
    shown[row, column] = image
    return shown


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_file_is_shown_by_each_of_the_eight_display_matrices(
    tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    a, b, c, d = (each * ONE for each in matrix)
    corner = make_corner()

    def turn(stream: Any) -> None:
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])

    write_frames(tmp_path / "a.mp4", [corner] * 2, prepare=turn)

    seen = next(VIDEO.read_file(tmp_path / "a.mp4", LIMITS).frames()).image.to_uint8()

    expected = show(corner, matrix)
    assert seen.shape == expected.shape
    assert np.abs(seen.astype(int) - expected).mean() < 3


def test_a_slanted_matrix_becomes_the_nearest_right_angle_with_a_warning(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.mp4", [make_corner()] * 2, prepare=lambda stream: stream.set_display_rotation(80.0))

    seen = VIDEO.read_file(tmp_path / "a.mp4", LIMITS)

    assert (seen.width, seen.height) == (48, 64)
    assert any("right angle" in warning for warning in find_warnings(probe_file(tmp_path / "a.mp4", LIMITS)))


def test_a_matrix_of_zeros_turns_nothing() -> None:
    assert not is_slanted(None)
    assert apply_display_matrix(make_corner(), None).shape == (48, 64, 3)


ASPECTS = ["64/45", "16/15", "12/11", "10/11", "40/33", "32/27", "8/9", "4/3", "3/2", "2/1", "1/2", "16/11", "1/1"]


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_circle_stays_a_circle_with_pixels_of_every_aspect(tmp_path: Path, aspect: str) -> None:
    ratio = Fraction(aspect)
    y, x = np.mgrid[:96, :96]
    inside = ((x - 47.5) * float(ratio)) ** 2 + (y - 47.5) ** 2 < (20 * float(max(ratio, 1))) ** 2
    image = np.repeat(np.where(inside, 235, 20).astype(np.uint8)[..., None], 3, axis=2)

    def tag(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = ratio

    write_frames(tmp_path / "a.mkv", [image] * 2, prepare=tag)

    seen = next(VIDEO.read_file(tmp_path / "a.mkv", LIMITS).frames()).image.to_uint8()[:, :, 0] > 128
    across, down = seen.any(axis=0).sum(), seen.any(axis=1).sum()
    assert abs(across - down) <= 2
    assert seen.shape[1] / seen.shape[0] == pytest.approx(float(ratio), rel=0.02)
    warnings = find_warnings(probe_file(tmp_path / "a.mkv", LIMITS))
    assert any("became square" in warning for warning in warnings) == (ratio != 1)


@pytest.mark.parametrize(
    ("size", "aspect", "expected"),
    [
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((720, 480), Fraction(8, 9), (720, 540)),
        ((720, 480), Fraction(32, 27), (854, 480)),
        ((15, 7), Fraction(2), (30, 7)),
        ((64, 48), None, (64, 48)),
        ((64, 48), Fraction(0), (64, 48)),
        ((64, 48), Fraction(1000, 1), (64, 48)),
        ((64, 48), Fraction(1, 65535), (64, 48)),
    ],
)
def test_only_one_side_grows_and_even_sides_stay_even(
    size: tuple[int, int], aspect: Fraction | None, expected: tuple[int, int]
) -> None:
    assert find_square_size(*size, aspect) == expected


@pytest.mark.parametrize("turn", ["none", "90", "180", "270"])
def test_a_frame_with_side_data_of_an_unknown_kind_is_turned_too(
    tmp_path: Path, turn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_frames(tmp_path / "a.mp4", [make_corner()], prepare=lambda stream: set_display_matrix(stream, turn))
    with av.open(str(tmp_path / "a.mp4")) as container:
        frame = next(container.decode(video=0))

    def refuse(_frame: object) -> Any:
        raise ValueError("31 is not a valid Type")

    expected = apply_display_matrix(make_corner(), find_display_matrix(frame))
    monkeypatch.setattr(sidedata.sidedata, "SideDataContainer", refuse)
    np.testing.assert_array_equal(apply_display_matrix(make_corner(), find_display_matrix(frame)), expected)


def test_a_turn_said_within_the_stream_holds_for_the_frames_that_follow(tmp_path: Path) -> None:
    corner = make_corner()
    write_frames(tmp_path / "plain.mp4", [corner] * 4, pixels="yuv420p")
    with av.open(str(tmp_path / "plain.mp4")) as source, av.open(str(tmp_path / "a.mkv"), "w") as target:
        video = source.streams.video[0]
        turn = av.BitStreamFilterContext("h264_metadata=display_orientation=insert:rotate=90", video)
        stream = target.add_stream_from_template(video)
        for packet in source.demux(video):
            for turned in turn.filter(packet if packet.size else None):
                turned.stream = stream
                target.mux(turned)

    seen = [frame.image.to_uint8() for frame in VIDEO.read_file(tmp_path / "a.mkv", LIMITS).frames()]

    assert len(seen) == 4
    for image in seen:
        assert np.abs(image.astype(int) - np.rot90(corner)).mean() < 4
