"""Marks that Studio puts into generated media as it writes them, and what a file without its metadata leads back to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from studio.api import Audio, Context, Image, MediaLimits, Video, VideoType, hookimpl, node
from studio.app import InputFile, Studio
from studio.errors import StudioError
from studio.graph import parse_graph
from studio.provenance.check import CheckedFile, FileState
from studio.provenance.credentials.keeping import make_credentials
from studio.provenance.evidence import load_finders
from studio.provenance.inspection import FileInspector, InspectedFile
from studio.provenance.record import FileRecord
from studio.run_result import RunResult
from studio.settings import CredentialSettings, Settings
from studio_provenance.image_search import find_in_image
from studio_provenance.payload import format_payload
from studio_provenance.settings import PUBLIC_KEY
from studio_provenance.video_mark import find_in_video
from tests.plugins.studio_provenance.pictures import draw_scene

KEY = "a key of this test, at least 16 characters"
SIDE = 384


@node("acme.paint", origin="generated")
def paint(ctx: Context, seed: int = 1, side: int = SIDE) -> Image:
    """Make an image from words."""
    scene = draw_scene(side, side, seed)
    jitter = np.float32(os.environ.get("ACME_JITTER", "0"))
    return Image(np.clip(scene / np.float32(255) + jitter, 0, 1)) if jitter else Image(scene)


@node("acme.film", origin={"video": "generated"})
def film(ctx: Context, seed: int = 1) -> Video:
    """Make a video from words."""
    return Video.from_images([Image(draw_scene(SIDE, SIDE, seed))] * 4, 24)


@node("acme.draw", origin="algorithmic")
def draw(ctx: Context) -> Image:
    """Draw by rules."""
    return Image(draw_scene(SIDE, SIDE, 3))


class Plugin:
    """Node types that generate media."""

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        return [paint, film, draw]


GRAPH = {
    "studio": 1,
    "inputs": {"seed": {"type": "int", "default": 1}},
    "nodes": {"paint": {"type": "acme.paint", "inputs": {"seed": {"from": "inputs.seed"}}}},
    "outputs": {"poster": {"from": "paint"}},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "credentials"
    return Settings(
        cache_dir=tmp_path / "cache", data_dir=tmp_path / "data", mark="generated", plugins={},
        credentials=CredentialSettings(folder=folder),
    )  # fmt: skip


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    with open_studio(settings) as made:
        yield made


def open_studio(settings: Settings) -> Studio:
    return Studio(settings=settings, plugins=[("acme", Plugin())])


def run(studio: Studio, out: Path, graph: dict[str, Any] = GRAPH, **inputs: Any) -> RunResult:
    result = studio.run(parse_graph(graph), inputs, output=out)
    assert not result.errors, result.errors[0]
    return result


def find_mark(file: FileRecord, key: bytes = PUBLIC_KEY) -> str:
    return format_payload(find_in_image(Image(np.asarray(PIL.Image.open(file.path).convert("RGB"))), key).payload)


def strip(file: FileRecord, folder: Path, name: str = "found.png") -> Path:
    """Return a copy of an image without all that is not pixels."""
    PIL.Image.fromarray(np.asarray(PIL.Image.open(file.path))).save(folder / name)
    return folder / name


def inspect(settings: Settings, path: Path) -> InspectedFile:
    with open_studio(settings) as studio:
        finders = load_finders(settings, lambda message: pytest.fail(message))
        inspector = FileInspector(settings, studio.registry.value_types.values(), finders)
        return inspector.inspect(path, CheckedFile(path.name, FileState.EXTRA, "recorded nowhere"))


def test_a_generated_image_is_marked_with_the_number_that_its_record_has(studio: Studio, tmp_path: Path) -> None:
    (file,) = run(studio, tmp_path / "out").files

    assert len(file.mark) == 16
    assert find_mark(file) == file.mark
    image = PIL.Image.open(file.path)
    image.load()
    assert json.loads(image.info["studio"])["mark"] == file.mark
    (manifest,) = (tmp_path / "out" / ".studio").glob("*.json")
    assert json.loads(manifest.read_text())["outputs"]["poster"]["files"][0]["mark"] == file.mark


def test_nothing_is_marked_without_the_setting(settings: Settings, tmp_path: Path) -> None:
    with open_studio(replace(settings, mark="off")) as studio:
        (file,) = run(studio, tmp_path / "out").files

    assert file.mark == ""
    assert find_mark(file) == ""
    assert not (tmp_path / "data").exists()


def test_what_no_model_made_is_not_marked(studio: Studio, tmp_path: Path) -> None:
    graph = {"studio": 1, "nodes": {"d": {"type": "acme.draw"}}, "outputs": {"x": {"from": "d"}}}

    (file,) = run(studio, tmp_path / "out", graph).files

    assert (file.mark, find_mark(file)) == ("", "")


def test_the_same_run_writes_the_same_bytes_anywhere(settings: Settings, tmp_path: Path) -> None:
    with open_studio(settings) as studio:
        (first,) = run(studio, tmp_path / "a").files
        stamp = first.path.stat().st_mtime_ns
        (again,) = run(studio, tmp_path / "a").files
        (elsewhere,) = run(studio, tmp_path / "deep" / "b").files
        (other,) = run(studio, tmp_path / "c", seed=2).files
    with open_studio(replace(settings, cache_dir=tmp_path / "another")) as studio:
        (fresh,) = run(studio, tmp_path / "d").files

    assert first.digest == again.digest
    assert first.path.stat().st_mtime_ns == stamp
    assert {one.mark for one in (again, elsewhere, fresh)} == {first.mark}
    assert other.mark not in ("", first.mark)


def test_a_file_that_was_written_unmarked_is_written_again(settings: Settings, tmp_path: Path) -> None:
    marks = []
    keyed = replace(settings, plugins={"provenance": {"mark_key": KEY}})
    for one in (replace(settings, mark="off"), settings, keyed, settings):
        with open_studio(one) as studio:
            (file,) = run(studio, tmp_path / "out").files
            marks.append((file.mark, find_mark(file), find_mark(file, KEY.encode())))

    (off, public, own, public_again) = marks
    assert off == ("", "", "")
    assert public == public_again == (public[0], public[0], "")
    assert own == (own[0], "", own[0])
    assert own[0] not in ("", public[0])


def test_a_mark_of_an_input_is_kept(studio: Studio, tmp_path: Path) -> None:
    (file,) = run(studio, tmp_path / "out").files
    flip = {"type": "image.flip", "inputs": {"image": {"from": "inputs.image"}}}
    graph = {"studio": 1, "inputs": {"image": {"type": "image"}}, "nodes": {"r": flip},
             "outputs": {"again": {"from": "r"}}}  # fmt: skip

    (edited,) = run(studio, tmp_path / "edited", graph, image=InputFile(file.path)).files

    assert edited.mark == find_mark(edited) == file.mark


def test_a_video_is_marked_in_its_frames(studio: Studio, tmp_path: Path) -> None:
    graph = {"studio": 1, "nodes": {"f": {"type": "acme.film"}}, "outputs": {"x": {"from": "f"}}}

    (file,) = run(studio, tmp_path / "out", graph).files

    video = VideoType().read_file(file.path, MediaLimits())
    assert format_payload(find_in_video(video, PUBLIC_KEY).payload) == file.mark != ""


def test_each_image_of_a_list_has_a_number_of_its_own(studio: Studio, tmp_path: Path) -> None:
    graph = {"studio": 1, "nodes": {"p": {"type": "acme.paint", "inputs": {"seed": [1, 2]}}},
             "outputs": {"x": {"from": "p"}}}  # fmt: skip

    files = run(studio, tmp_path / "out", graph).files

    assert [find_mark(file) for file in files] == [file.mark for file in files]
    assert len({file.mark for file in files}) == 2


def test_a_medium_that_holds_no_mark_is_written_with_a_warning(studio: Studio, tmp_path: Path) -> None:
    graph = {"studio": 1, "nodes": {"p": {"type": "acme.paint", "inputs": {"side": 64}}},
             "outputs": {"x": {"from": "p"}}}  # fmt: skip

    result = run(studio, tmp_path / "out", graph)

    assert result.files[0].mark == ""
    assert any("not marked: an image of 64 x 64 pixels is too small" in warning for warning in result.warnings)


def test_a_key_that_is_too_short_is_found_before_a_run(settings: Settings, tmp_path: Path) -> None:
    short = replace(settings, plugins={"provenance": {"mark_key": "brief"}})
    with open_studio(short) as studio, pytest.raises(StudioError, match="16 characters") as raised:
        studio.run(parse_graph(GRAPH), {}, output=tmp_path / "out")

    assert raised.value.code == "E650"
    assert not list((tmp_path / "out").rglob("*.png"))


def test_a_file_without_its_record_leads_back_to_it(settings: Settings, tmp_path: Path) -> None:
    with open_studio(settings) as studio:
        (file,) = run(studio, tmp_path / "out").files

    found = inspect(settings, strip(file, tmp_path))

    assert found.verdict.kind == "recovered"
    assert f"record removed; recovered by its mark {file.mark}: written here as 'poster.png'" in found.verdict.statement
    assert inspect(settings, file.path).verdict.kind == "marked"


def test_a_mark_that_is_known_nowhere_recovers_nothing(settings: Settings, tmp_path: Path) -> None:
    with open_studio(settings) as studio:
        (file,) = run(studio, tmp_path / "out").files

    found = inspect(replace(settings, data_dir=tmp_path / "of another user"), strip(file, tmp_path))

    assert (found.verdict.kind, found.facts.recovered) == ("marked", None)


@pytest.mark.parametrize("name", ["found.png", "found.jpg"])
def test_a_file_without_its_credentials_leads_back_to_who_signed_it(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    make_credentials(settings.credentials.folder, "Ada Lovelace", None)
    signing = replace(settings, credentials=replace(settings.credentials, sign=True))
    with open_studio(signing) as studio:
        (file,) = run(studio, tmp_path / "out").files

    found = inspect(settings, strip(file, tmp_path, name))

    assert found.verdict.kind == "recovered"
    assert f"credentials removed; recovered by its mark {file.mark}" in found.verdict.statement
    assert "written here as 'poster.png', signed by Ada Lovelace (trusted)" in found.verdict.statement
    credentials = inspect(settings, file.path).facts.credentials
    assert credentials is not None
    assert credentials.assertions.count("c2pa.soft-binding") == 1


def test_credentials_that_do_not_name_the_mark_recover_nothing(settings: Settings, tmp_path: Path) -> None:
    make_credentials(settings.credentials.folder, "Ada Lovelace", None)
    signing = replace(settings, credentials=replace(settings.credentials, sign=True))
    with open_studio(signing) as studio:
        (one,) = run(studio, tmp_path / "one").files
        (two,) = run(studio, tmp_path / "two", seed=2).files
    kept = {path.stem: path for path in (tmp_path / "data" / "provenance" / "marks").rglob("*.c2pa")}
    kept[one.mark].write_bytes(kept[two.mark].read_bytes())

    assert "Ada" not in inspect(settings, strip(one, tmp_path)).verdict.statement


def test_a_value_that_differs_in_the_last_bit_has_the_same_number(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = []
    for jitter in ("0", "1e-6"):
        monkeypatch.setenv("ACME_JITTER", jitter)
        with open_studio(replace(settings, cache_dir=tmp_path / jitter)) as studio:
            (file,) = run(studio, tmp_path / f"out {jitter}").files
            marks.append(file.mark)

    assert marks[0] == marks[1] != ""


def test_a_mark_that_a_node_made_is_kept(studio: Studio, tmp_path: Path) -> None:
    mark = {"type": "provenance.mark", "inputs": {"image": {"from": "paint"}, "payload": "00112233445566aa"}}
    graph = {**GRAPH, "nodes": {**GRAPH["nodes"], "m": mark}, "outputs": {"x": {"from": "m.image"}}}

    (file,) = run(studio, tmp_path / "out", graph).files

    assert file.mark == find_mark(file) == "00112233445566aa"


def test_generated_audio_that_is_too_short_is_no_mark_of_a_video() -> None:
    from studio.api.marks import MarkRequest
    from studio_provenance.output_marks import mark_output

    audio = Audio(np.zeros((22_050, 1), np.float32), 22_050)
    video = Video.from_images([Image(draw_scene(SIDE, SIDE, 1))] * 24, 24, audio=audio)

    with pytest.raises(StudioError, match="its audio is too short for a mark"):
        mark_output(video, MarkRequest(b"seed", marks_images=False), PUBLIC_KEY)


def test_a_setting_that_marks_nothing_is_an_error(settings: Settings, tmp_path: Path) -> None:
    disabled = replace(settings, disabled_plugins=("provenance",))
    with open_studio(disabled) as studio, pytest.raises(StudioError, match="no plugin marks media"):
        studio.run(parse_graph(GRAPH), {}, output=tmp_path / "out")
    with pytest.raises(ValueError, match="expected one of off, generated"):
        replace(settings, mark="Generated")


def test_audio_is_marked_where_it_is_long_enough(tmp_path: Path) -> None:
    from studio.api.marks import MarkRequest
    from studio_provenance.audio_mark import find_in_audio
    from studio_provenance.output_marks import mark_output

    noise = np.random.default_rng(1).normal(0, 0.1, (8 * 22_050, 1)).astype(np.float32)
    marked = mark_output(Audio(noise, 22_050), MarkRequest(b"seed"), PUBLIC_KEY)

    assert marked is not None
    assert format_payload(find_in_audio(marked.value, PUBLIC_KEY).payload) == marked.mark
