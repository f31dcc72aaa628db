"""Networks that speak and listen, end to end on the CPU with tiny random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import studio_speech
from studio.api import Audio, Model, ModelError, StudioError
from studio.app import Studio
from studio.settings import load_settings
from studio.testing import TestContext
from studio_speech.nodes.listening import write_down
from studio_speech.nodes.speaking import say_text
from studio_speech.opener import SpeechOpener
from tests.plugins.studio_speech.conftest import TINY

TEXT = "Dr. Smith has 25 apples. It rains."
Open = Callable[..., TestContext]


def make_noise(seconds: float, rate: int = 22_050) -> Audio:
    return Audio(np.random.default_rng(0).standard_normal(int(seconds * rate)).astype(np.float32) * 0.1, rate)


@pytest.mark.parametrize(("name", "rate"), [("vits", 16_000), ("speecht5", 16_000), ("bark", 24_000)])
def test_a_network_says_a_text_the_same_each_time(open_tiny: Open, name: str, rate: int) -> None:
    ctx = open_tiny(name)

    said, again = (say_text(ctx, TEXT, model=TINY) for _ in range(2))

    assert said.audio == again.audio
    assert said.audio.rate == rate
    assert said.audio.duration > 0.35
    assert [each["text"] for each in said.marks["sentences"]] == ["Dr. Smith has 25 apples.", "It rains."]
    assert said.marks["estimated"]
    assert ctx.steps[:3] == [(0, 2), (1, 2), (2, 2)]


def test_another_seed_is_another_reading(open_tiny: Open) -> None:
    ctx = open_tiny("vits")

    assert say_text(ctx, TEXT, model=TINY, seed=1).audio != say_text(ctx, TEXT, model=TINY).audio


def test_vits_has_speakers_by_number_and_a_rate(open_tiny: Open) -> None:
    ctx = open_tiny("vits", speakers=3)

    first, second = (say_text(ctx, TEXT, model=TINY, voice=voice).audio for voice in ("", "2"))
    slow = say_text(ctx, TEXT, model=TINY, rate=0.5, sentence_pause=0.0).audio
    plain = say_text(ctx, TEXT, model=TINY, sentence_pause=0.0).audio

    assert first != second
    assert slow.duration > 1.3 * plain.duration
    with pytest.raises(StudioError, match="E661"):
        say_text(ctx, TEXT, model=TINY, voice="3")


def test_speecht5_has_speakers_by_name(open_tiny: Open) -> None:
    ctx = open_tiny("speecht5")

    first, second = (say_text(ctx, TEXT, model=TINY, voice=voice).audio for voice in ("", "bo"))

    assert first != second
    with pytest.raises(StudioError) as caught:
        say_text(ctx, TEXT, model=TINY, voice="cy")
    assert "ada, bo" in caught.value.hint


def test_a_vocoder_may_lie_elsewhere_and_must_be_somewhere(tiny: Callable[..., Path], tmp_path: Path) -> None:
    whole, opener = tiny("speecht5"), SpeechOpener()
    apart = shutil.copytree(whole, tmp_path / "apart")
    shutil.move(apart / "vocoder", tmp_path / "vocoder")
    named = Model("local:apart", (("vocoder", f"file:{tmp_path / 'vocoder'}"),))

    assert opener.parts(apart, named) == {"vocoder": tmp_path / "vocoder"}
    opened = opener.open(apart, named, device="cpu", dtype="float32", parts={})
    part = opener.open_part("vocoder", tmp_path / "vocoder", named, device="cpu", dtype="float32")
    assert opener.measure(opened) > opener.measure(part) > 0
    with pytest.raises(ModelError, match="E668"):
        opener.open(apart, TINY, device="cpu", dtype="float32", parts={})


def test_what_a_network_cannot_do_is_told(open_tiny: Open) -> None:
    ctx = open_tiny("speecht5")

    say_text(ctx, "It rains.", model=TINY, rate=1.5, pitch=2.0)

    assert len(ctx.messages) == 2
    with pytest.raises(StudioError, match="E660"):
        say_text(open_tiny("vits"), "你好", model=TINY)


def test_whisper_writes_down_a_long_sound_in_pieces(open_tiny: Open) -> None:
    ctx = open_tiny("whisper")

    heard = write_down(ctx, make_noise(40), TINY)

    times = [time for each in heard.marks["sentences"] for time in (each["start"], each["end"])]
    assert heard.text == " ".join(each["text"] for each in heard.marks["sentences"])
    assert times == sorted(times)
    assert all(0 <= time <= 40 for time in times)
    assert heard.marks["seconds"] == 40
    assert [total for _, total in ctx.steps] == [40, 40, 40]


def test_whisper_is_told_the_language(open_tiny: Open) -> None:
    write_down(open_tiny("whisper"), make_noise(2), TINY, language="de", translate=True)

    with pytest.raises(StudioError, match="E661"):
        write_down(open_tiny("whisper"), make_noise(2), TINY, language="klingonese")


def test_ctc_networks_tell_the_times_of_words(open_tiny: Open) -> None:
    heard = write_down(open_tiny("wav2vec2"), make_noise(3, 16_000), TINY)

    words = [word for each in heard.marks["sentences"] for word in each["words"]]
    assert [word["text"] for word in words] == heard.text.split()
    assert not heard.marks["estimated"]
    assert all(0 <= word["start"] <= word["end"] <= 3 for word in words)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 3.0])
@pytest.mark.parametrize("name", ["whisper", "wav2vec2"])
def test_silence_and_no_sound_at_all_say_nothing(open_tiny: Open, name: str, seconds: float) -> None:
    silence = Audio(np.zeros((int(seconds * 48_000), 2), np.float32), 48_000)

    assert write_down(open_tiny(name), silence, TINY).text == ""


def test_a_model_that_listens_does_not_speak_nor_the_other_way(open_tiny: Open) -> None:
    with pytest.raises(ModelError, match="E667"):
        say_text(open_tiny("whisper"), TEXT, model=TINY)
    with pytest.raises(ModelError, match="E667"):
        write_down(open_tiny("vits"), make_noise(1), TINY)


def test_other_folders_are_left_to_other_openers(tmp_path: Path) -> None:
    opener = SpeechOpener()
    for name, content in (("a", {"architectures": ["BertModel"]}), ("b", {}), ("c", {"architectures": [3]}), ("d", [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(content), encoding="utf-8")
        assert not opener.can_open(tmp_path / name, TINY)
    assert not opener.can_open(tmp_path / "nosuch", TINY)


def test_a_folder_without_safetensors_or_with_the_wrong_ones_is_an_error(
    tiny: Callable[..., Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("vits"), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}), encoding="utf-8")

    with pytest.raises(ModelError, match=r"E668[\s\S]*lack"):
        SpeechOpener().open(folder, TINY, device="cpu", dtype="float32", parts={})
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="missing safetensors"):
        SpeechOpener().open(folder, TINY, device="cpu", dtype="float32", parts={})
    with pytest.raises(ModelError, match="E670"):
        SpeechOpener().parts(folder, Model("local:x", (("vocodr", "file:x"),)))


def test_a_graph_says_a_text_with_a_model_from_a_folder(tiny: Callable[..., Path], tmp_path: Path) -> None:
    node = {"type": "speech.say", "inputs": {"text": TEXT, "model": f"file:{tiny('vits')}"}}
    graph = {"studio": 1, "nodes": {"say": node}, "outputs": {"speech": {"from": "say.audio"}}}
    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")

    with Studio(settings, plugins=[("given", studio_speech)], discover=False, on_disk=False) as studio:
        result = studio.run(graph)

    assert not result.errors
    assert result["speech"].rate == 16_000
