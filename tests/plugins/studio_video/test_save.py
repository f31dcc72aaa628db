"""Videos saved, as an independent reader finds them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from processes import create_environment

from studio.api import MediaError, MediaLimits, Video, VideoType
from studio.testing import TestContext
from studio_video.nodes import files
from studio_video.save import choose_options
from tests.plugins.studio_video.clips import make_video, name_output, open_file, probe

FORMATS = [
    ("a.mp4", {}, "h264", "yuv420p"),
    ("a.mov", {"quality": 90}, "h264", "yuv420p"),
    ("a.mkv", {"pixel_format": "yuv444p"}, "h264", "yuv444p"),
    ("a.mp4", {"codec": "h265"}, "hevc", "yuv420p"),
    ("a.mkv", {"codec": "h265", "pixel_format": "yuv420p10le"}, "hevc", "yuv420p10le"),
    ("a.webm", {"quality": 30}, "vp9", "yuv420p"),
    ("a.mp4", {"codec": "av1"}, "av1", "yuv420p"),
    ("a.mov", {"codec": "prores"}, "prores", "yuv422p10le"),
    ("a.gif", {}, "gif", "bgra"),
    ("a.apng", {}, "apng", "rgb24"),
]


@pytest.mark.parametrize(("name", "options", "codec", "pixels"), FORMATS)
def test_a_saved_video_plays(tmp_path: Path, name: str, options: dict[str, Any], codec: str, pixels: str) -> None:
    film = make_video()

    assert files.save_video(TestContext(), film, name_output(tmp_path / name), **options).path == name

    found = probe(tmp_path / name)
    assert (found["width"], found["height"], len(found["times"])) == (64, 48, 12)
    assert (found["codec"], found["pixels"]) == (codec, pixels)
    assert found["rate"] == pytest.approx(12, rel=0.05)
    assert found["times"] == sorted(set(found["times"]))
    assert found["times"][-1] - found["times"][0] == pytest.approx(11 / 12, abs=0.02)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("name", "options"), [(name, options) for name, options, *_ in FORMATS])
def test_what_is_saved_looks_like_the_video(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    film = make_video(4)
    files.save_video(TestContext(), film, name_output(tmp_path / name), **options)
    loaded = files.load_video(TestContext(), open_file(tmp_path / name))

    for made, wanted in zip(loaded.frames(), film.frames(), strict=True):
        assert np.abs(made.image.pixels - wanted.image.pixels).mean() < 0.03


def test_a_webp_moves(tmp_path: Path) -> None:
    import PIL.Image

    files.save_video(TestContext(), make_video(5), name_output(tmp_path / "a.webp"))

    with PIL.Image.open(tmp_path / "a.webp") as picture:
        assert (picture.format, picture.size, picture.n_frames) == ("WEBP", (64, 48), 5)


def test_images_are_numbered(tmp_path: Path) -> None:
    film = make_video(3)
    files.save_video(TestContext(), film, name_output(tmp_path / "f_%04d.png"), start_number=9)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["f_0009.png", "f_0010.png", "f_0011.png"]
    loaded = files.load_images(TestContext(), [open_file(path) for path in sorted(tmp_path.iterdir())], fps=12.0)
    assert [f.image for f in loaded.frames()] == [f.image for f in film.frames()]


def test_numbers_in_names_count_by_value(tmp_path: Path) -> None:
    for index, frame in enumerate(make_video(3).frames()):
        frame.image.to_pillow().save(tmp_path / f"f{9 + index}.png")
    given = [open_file(tmp_path / name) for name in ("f11.png", "f9.png", "f10.png")]

    assert [f.image for f in files.load_images(TestContext(), given).frames()] == [
        f.image for f in make_video(3).frames()
    ]


@pytest.mark.parametrize(("name", "options"), [("a.mp4", {}), ("a.mov", {"codec": "prores"}), ("a.webm", {})])
def test_odd_sizes_are_made_even_and_said_so(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    ctx = TestContext()
    files.save_video(ctx, make_video(3, 33, 21), name_output(tmp_path / name), **options)

    found = probe(tmp_path / name)
    wanted = (34, 21) if options else (34, 22)
    assert (found["width"], found["height"]) == wanted
    assert "33 x 21 became" in ctx.messages[0]


def test_a_video_keeps_an_odd_size_where_it_can(tmp_path: Path) -> None:
    ctx = TestContext()
    files.save_video(ctx, make_video(3, 33, 21), name_output(tmp_path / "a.mkv"), pixel_format="yuv444p")

    assert (probe(tmp_path / "a.mkv")["width"], ctx.messages) == (33, [])


def test_alpha_is_kept_where_the_format_has_it(tmp_path: Path) -> None:
    film = make_video(2, channels=4)
    for name, options in (("a.webm", {}), ("a.mov", {"codec": "prores"}), ("a.apng", {})):
        files.save_video(TestContext(), film, name_output(tmp_path / name), **options)
        assert "a" in str(probe(tmp_path / name)["pixels"]) or name == "a.webm", name


def test_the_index_comes_first_if_wanted(tmp_path: Path) -> None:
    for wanted in (True, False):
        path = tmp_path / f"{wanted}.mp4"
        files.save_video(TestContext(), make_video(3), name_output(path), faststart=wanted)
        data = path.read_bytes()
        assert (data.index(b"moov") < data.index(b"mdat")) == wanted


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.avi", {}),
        ("a.webm", {"codec": "h264"}),
        ("a.mp4", {"pixel_format": "pal8"}),
        ("a.mp4", {"hardware": "always", "codec": "prores"}),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    with pytest.raises(MediaError, match="E702"):
        files.save_video(TestContext(), make_video(2), name_output(tmp_path / name), **options)
    assert not list(tmp_path.iterdir())


def test_a_video_without_frames_leaves_no_file(tmp_path: Path) -> None:
    empty = Video(lambda: iter(()), width=16, height=16, rate=Fraction(10))
    for name in ("a.mp4", "a.gif", "a_%d.png"):
        with pytest.raises(MediaError, match="no frames"):
            files.save_video(TestContext(), empty, name_output(tmp_path / name))
    assert not list(tmp_path.iterdir())


def test_a_size_that_changes_on_the_way_is_an_error(tmp_path: Path) -> None:
    from studio.api import Frame, Image

    parts = [Frame(Image(np.zeros((16, 16, 3), np.uint8)), 0.0), Frame(Image(np.zeros((16, 18, 3), np.uint8)), 1.0)]
    film = Video(lambda: iter(parts), width=16, height=16, rate=Fraction(1))
    with pytest.raises(MediaError, match="E504"):
        files.save_video(TestContext(), film, name_output(tmp_path / "a.mp4"))
    assert not list(tmp_path.iterdir())


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from studio.api import Image, MediaError, OutputPath, Video
from studio.testing import TestContext
from studio_video.nodes import files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
path = Path(sys.argv[1])
try:
    rng = np.random.default_rng(0)
    noise = [Image(rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)) for _ in range(40)]
    files.save_video(TestContext(), Video.from_images(noise, 10), OutputPath(path, path.name), quality=100)
except MediaError as error:
    print(error.code, [entry.name for entry in path.parent.iterdir()])
"""


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a.gif"])
def test_a_disk_that_fills_up_leaves_no_half_file(tmp_path: Path, name: str) -> None:
    env = create_environment(PATH="")
    made = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / name)], capture_output=True, text=True, env=env, check=False
    )

    assert made.stdout.strip() == "E512 []", made.stderr


def test_saving_counts_frames(tmp_path: Path) -> None:
    ctx = TestContext()
    files.save_video(ctx, make_video(7), name_output(tmp_path / "a.mp4"))

    assert ctx.steps[-1] == (7, 7)
    assert len(ctx.previews) == 1


def test_saved_videos_say_where_they_come_from(tmp_path: Path) -> None:
    text = '{"digital_source_type": "humanEdits"}'
    files.save_video(TestContext(), make_video(2), replace(name_output(tmp_path / "a.mkv"), provenance=text))

    assert b"digitalsourcetype/humanEdits" in (tmp_path / "a.mkv").read_bytes()
    assert VideoType().read_provenance(tmp_path / "a.mkv") == text


def read_delays(path: Path) -> list[int]:
    """How long each frame of a GIF shows, in milliseconds, as Pillow reads it."""
    with PIL.Image.open(path) as film:
        delays = []
        for index in range(film.n_frames):
            film.seek(index)
            delays.append(film.info["duration"])
        return delays


@pytest.mark.parametrize("rate", [12, 30, 50, 60, 100, 120, 240])
def test_a_gif_lasts_as_long_as_the_video_and_has_no_delay_that_browsers_do_not_take(tmp_path: Path, rate: int) -> None:
    files.save_video(TestContext(), make_video(rate, 32, 24, rate, sound=False), name_output(tmp_path / "a.gif"))

    delays = read_delays(tmp_path / "a.gif")
    assert (len(delays), sum(delays), min(delays) >= 20) == (min(rate, 50), 1000, True)


def test_frames_that_a_gif_leaves_out_are_named(tmp_path: Path) -> None:
    ctx = TestContext()
    files.save_video(ctx, make_video(24, 32, 24, 120, sound=False), name_output(tmp_path / "a.gif"))

    assert "GIF has at most 50 frames per second: some of 120 are left out" in ctx.messages


def test_a_gif_has_the_colors_the_dither_and_the_rate_that_are_asked_for(tmp_path: Path) -> None:
    how = {"colors": 8, "dither": "none", "fps": 5.0}
    files.save_video(TestContext(), make_video(20, 32, 24, 20), name_output(tmp_path / "a.gif"), **how)

    frames = [frame.image.to_uint8() for frame in VideoType().read_file(tmp_path / "a.gif", MediaLimits()).frames()]
    assert read_delays(tmp_path / "a.gif") == [200] * 5
    assert len(np.unique(np.concatenate([frame.reshape(-1, 3) for frame in frames]), axis=0)) <= 8


@pytest.mark.parametrize(
    ("codec", "factors"),
    [
        ("h264", {None: 18, 1: 40, 50: 26, 100: 12}),
        ("h265", {None: 20, 1: 42, 50: 28, 100: 14}),
        ("vp9", {None: 30, 1: 58, 50: 36, 100: 13}),
        ("av1", {None: 30, 1: 58, 50: 36, 100: 13}),
    ],
)
def test_a_quality_sets_the_rate_factor_and_none_is_as_a_rule(codec: str, factors: dict[int | None, int]) -> None:
    assert {quality: int(choose_options(codec, quality, "yuv420p")["crf"]) for quality in factors} == factors


@pytest.mark.parametrize(("quality", "profile"), [(None, 3), (1, 0), (25, 0), (26, 1), (75, 2), (100, 3)])
def test_prores_has_a_profile_for_each_quarter_and_one_for_alpha(quality: int | None, profile: int) -> None:
    assert choose_options("prores", quality, "yuv422p10le")["profile"] == str(profile)
    assert choose_options("prores", quality, "yuva444p10le")["profile"] == "4"
