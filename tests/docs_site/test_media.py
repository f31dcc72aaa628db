from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from docs_site.media import MediaRoom, format_player, write_small_image
from studio.graph import parse_graph

GRAPH = {
    "studio": 1,
    "nodes": {"sky": {"type": "image.gradient", "inputs": {"width": 1200, "height": 300}}},
    "outputs": {"sky": {"from": "sky"}},
}


def test_what_an_example_makes_is_shown_and_comes_from_the_cache_the_second_time(tmp_path: Path) -> None:
    example = ("image.gradient", parse_graph(GRAPH))

    shown = [MediaRoom(tmp_path / "work", tmp_path / "site", 60).show_examples([example]) for _ in range(2)]

    assert shown == [{"image.gradient": "![sky](../../media/image.gradient.0.webp)"}] * 2
    with Image.open(tmp_path / "site/reference/media/image.gradient.0.webp") as image:
        assert image.size == (560, 140)


def test_a_second_build_makes_no_file_again(tmp_path: Path) -> None:
    example = ("image.gradient", parse_graph(GRAPH))
    times = []

    for site in ("first", "second"):
        MediaRoom(tmp_path / "work", tmp_path / site, 60).show_examples([example])
        kept = [tmp_path / "work/made/image.gradient/sky.png", tmp_path / "work/shown/image.gradient.0.webp"]
        times.append([path.stat().st_mtime_ns for path in kept])

    assert times[0] == times[1]
    assert (tmp_path / "second/reference/media/image.gradient.0.webp").is_file()


def test_without_time_an_example_is_shown_as_an_earlier_build_had_it(tmp_path: Path) -> None:
    example = ("image.gradient", parse_graph(GRAPH))
    MediaRoom(tmp_path / "work", tmp_path / "first", 60).show_examples([example])
    other = ("image.gradient", parse_graph({**GRAPH, "title": "Another"}))

    shown = MediaRoom(tmp_path / "work", tmp_path / "second", 0).show_examples([example])

    assert shown == {"image.gradient": "![sky](../../media/image.gradient.0.webp)"}
    assert (tmp_path / "second/reference/media/image.gradient.0.webp").is_file()
    assert MediaRoom(tmp_path / "work", tmp_path / "second", 0).show_examples([other]) == {}


def test_a_changed_example_is_shown_anew(tmp_path: Path) -> None:
    for height in (300, 600):
        node = {"type": "image.gradient", "inputs": {"width": 1200, "height": height}}
        example = ("image.gradient", parse_graph({**GRAPH, "nodes": {"sky": node}}))
        MediaRoom(tmp_path / "work", tmp_path / "site", 60).show_examples([example])

    with Image.open(tmp_path / "site/reference/media/image.gradient.0.webp") as image:
        assert image.size == (560, 280)


def test_an_example_that_fails_shows_nothing(tmp_path: Path) -> None:
    graph = {**GRAPH, "nodes": {"sky": {"type": "image.gradiant"}}}
    example = ("image.gradient", parse_graph(graph))

    assert MediaRoom(tmp_path / "work", tmp_path / "site", 60).show_examples([example]) == {"image.gradient": ""}


def test_without_time_no_example_runs(tmp_path: Path) -> None:
    example = ("image.gradient", parse_graph(GRAPH))

    assert MediaRoom(tmp_path / "work", tmp_path / "site", 0).show_examples([example]) == {}


def test_small_images_keep_their_transparency(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(tmp_path / "a.png")

    write_small_image(tmp_path / "a.png", tmp_path / "a.webp")

    with Image.open(tmp_path / "a.webp") as image:
        assert image.mode == "RGBA"


def test_audio_and_video_have_players() -> None:
    assert format_player('a "b"', "x.wav", ".wav").startswith("<audio controls")
    assert "&quot;b&quot;" in format_player('a "b"', "x.wav", ".wav")
    assert format_player("a", "x.mp4", ".mp4").startswith("<video controls")
