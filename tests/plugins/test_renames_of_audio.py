"""Names of 0.1.0 of node types for audio, speech and logic: they run, and make what they make under those of today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.app import Studio
from studio.settings import Settings
from tests.plugins.test_first_party_node_types import film, marks, picture, song, sound, spectrogram
from tests.plugins.test_renames import Renamed, renamed, run

AUDIO = (
    renamed("audio.channels", new="audio.remix_channels", audio=sound(), layout="stereo"),
    renamed("audio.compress", ("makeup", 3.0, "makeup_gain"), outputs={"audio": "audio", "reduction": "gain_reduction"},
            audio=sound()),
    renamed("audio.concatenate", ("sounds", [sound(), sound(0.2)], "audios")),
    renamed("audio.crossfade", ("seconds", 0.1, "fade_seconds"), first=sound(), second=sound(0.2)),
    renamed("audio.denoise", ("noise", sound(0.1, 90.0), "noise_profile"), audio=sound()),
    renamed("audio.from_spectrogram", ("rounds", 2, "iterations"), spectrogram=spectrogram(), phase="find"),
    renamed("audio.from_spectrogram_image", ("low", -80.0, "min_db"), ("high", -5.0, "max_db"),
            ("rate", 8000, "sample_rate"), image=picture(), hop=32),
    renamed("audio.info", outputs={"seconds": "seconds", "rate": "sample_rate"}, audio=sound()),
    renamed("audio.limit", ("ahead", 0.01, "lookahead"), audio=sound()),
    renamed("audio.mix", ("sounds", [sound(), sound(0.2)], "audios"), gains=[0.0, -3.0]),
    renamed("audio.motion_curve", outputs={"json": "curve"}, video=film()),
    renamed("audio.noise", ("rate", 8000, "sample_rate"), ("gain", -30.0, "level"), ("color", "brown", "kind"),
            seconds=0.05),
    renamed("audio.resample", ("rate", 11_025, "sample_rate"), audio=sound()),
    renamed("audio.reverb", ("seconds", 0.1, "decay_seconds"), ("tail", False, "keep_tail"), audio=sound()),
    renamed("audio.save", ("kilobits", 96, "bitrate"), ("bits", "24", "bits", 24), outputs={"text": "path"},
            audio=sound(), path="saved/sound.wav"),
    renamed("audio.silence", ("rate", 8000, "sample_rate"), seconds=0.05),
    renamed("audio.soundtrack", ("ride", 0.5, "gain_follow"), outputs={"audio": "audio", "figures": "report"},
            music=song(), seconds=5.0),
    renamed("audio.spectrogram", ("low", 50.0, "min_frequency"), ("high", 3000.0, "max_frequency"),
            ("bands", 20, "mel_bands"), ("octave", 12, "bins_per_octave"), audio=sound(), kind="mel", window=256),
    renamed("audio.spectrogram_image", ("low", -80.0, "min_db"), ("high", -5.0, "max_db"), spectrogram=spectrogram()),
    renamed("audio.time_stretch", ("factor", 1.3, "speed", 1 / 1.3), audio=sound()),
    renamed("audio.tone", ("rate", 8000, "sample_rate"), ("gain", -20.0, "level"), seconds=0.05),
    renamed("audio.transfer", ("rounds", 1, "iterations"), ("phase_rounds", 1, "phase_iterations"),
            ("timbre", True, "transfer_timbre"), ("rhythm", True, "transfer_rhythm"),
            ("dynamics", True, "transfer_dynamics"), content=sound(), style=sound(0.3, 700.0)),
    renamed("audio.trim", ("pad", True, "pad_end"), audio=sound(), start=0.1, seconds=1.0),
    renamed("audio.trim_silence", ("keep", 0.01, "keep_seconds"), audio=sound()),
    renamed("audio.voice", ("pitch", 2.0, "semitones", 12.0), new="audio.change_voice", audio=sound(0.4, 200.0)),
)  # fmt: skip
SUBTITLES = (("line_width", 20, "max_columns"), ("lines", 1, "max_lines"), ("shortest", 0.5, "min_seconds"),
             ("longest", 3.0, "max_seconds"))  # fmt: skip
SPEECH = (
    renamed("speech.lip_curve", outputs={"json": "curve"}, audio=sound()),
    renamed("speech.save_subtitles", *SUBTITLES, outputs={"text": "path"}, marks=marks("A", "word"), path="a.srt"),
    renamed("speech.subtitles", *SUBTITLES, marks=marks("A", "word")),
)
ESPEAK = (
    renamed("speech.say", ("rate", 1.5, "speed"), ("pitch", 2.0, "semitones"), ("volume", -3.0, "gain"), text="Hello"),
    renamed("speech.voices", outputs={"json": "voices"}, language="en"),
)
LOGIC = (
    renamed("logic.all", outputs={"bool": "result"}, conditions=[True, False]),
    renamed("logic.any", outputs={"bool": "result"}, conditions=[True, False]),
    renamed("logic.calculate", outputs={"number": "result"}, expression="2 + a", a=3),
    renamed("logic.choose", ("index", 2, "case"), case_1="a", case_2="b"),
    renamed("logic.compare", outputs={"bool": "result"}, a=1, b=2, operator="<"),
    renamed("logic.compare_text", outputs={"bool": "result"}, a="x", b="X"),
    renamed("logic.json_get", new="logic.get_json", outputs={"json": "value"}, value={"a": 1}, pointer="/a"),
    renamed("logic.json_set", new="logic.set_json", outputs={"json": "value"}, value={}, pointer="/a", entry=2),
    renamed("logic.length", outputs={"int": "length"}, items=[1, 2, 3]),
    renamed("logic.not", outputs={"bool": "result"}, condition=True),
    renamed("logic.number_to_text", ("digits", 3, "min_digits"), number=7),
    renamed("logic.parse_json", outputs={"json": "value"}, text='{"a": [1]}'),
    renamed("logic.range", outputs={"ints": "values"}, stop=4),
    renamed("logic.seed_list", outputs={"ints": "seeds"}, count=3),
    renamed("logic.to_float", outputs={"float": "number"}, number=2),
    renamed("logic.to_int", outputs={"int": "number"}, number=2.5),
    renamed("logic.to_list", outputs={"jsons": "values"}, value=[1, "a"]),
)
ROWS = (*AUDIO, *SPEECH, *ESPEAK, *LOGIC)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A Studio with the plugins that ship, in memory."""
    with Studio(Settings(device="cpu"), on_disk=False) as opened:
        yield opened


@pytest.mark.parametrize("version", [None, "1.0"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.old)
def test_old_names_and_new_ones_make_the_same(
    studio: Studio, tmp_path: Path, row: Renamed, version: str | None
) -> None:
    old = {name: value for name, value, _, _ in row.inputs}
    new = {name: value for _, _, name, value in row.inputs}

    before = run(studio, tmp_path / "old", row.old, {**row.values, **old}, list(row.outputs), version)
    after = run(studio, tmp_path / "new", row.new, {**row.values, **new}, list(row.outputs.values()))

    assert before == after


@pytest.mark.parametrize("row", [row for row in ROWS if row.inputs], ids=lambda row: row.old)
def test_values_on_edges_follow(studio: Studio, tmp_path: Path, row: Renamed) -> None:
    old = {name: value for name, value, _, _ in row.inputs}
    new = {name: value for _, _, name, value in row.inputs}

    before = run(studio, tmp_path / "old", row.old, {**row.values, **old}, list(row.outputs), edges=set(old))
    after = run(studio, tmp_path / "new", row.new, {**row.values, **new}, list(row.outputs.values()))

    assert before == after
