"""The unmodified client of OpenAI: speech that is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studio.server.conftest import Desk
from tests.studio.server.openai_face.test_clients import connect

openai = pytest.importorskip("openai", reason="openai is not installed")

MARKS = {
    "seconds": 1.5,
    "estimated": False,
    "sentences": [
        {
            "text": "It rains.",
            "start": 0.25,
            "end": 1.25,
            "words": [{"text": "It", "start": 0.25, "end": 0.5}, {"text": "rains.", "start": 0.5, "end": 1.25}],
        }
    ],
}
LISTEN = {
    "inputs": {
        "speech": {"type": "audio"},
        "said": {"type": "text", "default": "It rains."},
        "times": {"type": "json", "default": MARKS},
        "titles": {"type": "text", "default": "1\n00:00:00,250 --> 00:00:01,250\nIt rains.\n"},
    },
    "nodes": {
        "heard": {"type": "fake.same", "inputs": {"value": {"from": "inputs.speech"}}},
        "text": {"type": "fake.same", "inputs": {"value": {"from": "inputs.said"}}},
        "marks": {"type": "fake.same", "inputs": {"value": {"from": "inputs.times"}}},
        "srt": {"type": "fake.same", "inputs": {"value": {"from": "inputs.titles"}}},
    },
    "outputs": {"srt": {"from": "srt"}, "text": {"from": "text"}, "marks": {"from": "marks"}},
}
SPEECH = Path("graphs/media/jazz_quartet.ogg")


def test_speech_is_written_down_in_each_form(desk: Desk) -> None:
    desk.write_graph("listen", LISTEN)

    with connect(desk) as client, SPEECH.open("rb") as file:
        listen = client.audio.transcriptions.create
        plain = listen(model="listen", file=SPEECH)
        text = listen(model="listen", file=file, response_format="text")
        srt = listen(model="listen", file=SPEECH, response_format="srt", extra_body={"said": "Never."})
        verbose = listen(
            model="listen", file=SPEECH, response_format="verbose_json", language="en",
            timestamp_granularities=["word", "segment"],
        )  # fmt: skip
        events = list(listen(model="listen", file=SPEECH, stream=True))

    assert plain.text == text == verbose.text == "It rains."
    assert srt == LISTEN["inputs"]["titles"]["default"]  # type: ignore[index]
    assert (verbose.duration, verbose.language) == (1.5, "en")
    assert [(one.start, one.end, one.text) for one in verbose.segments] == [(0.25, 1.25, "It rains.")]
    assert [(one.word, one.start) for one in verbose.words] == [("It", 0.25), ("rains.", 0.5)]
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[-1].text == "It rains."


def test_what_cannot_be_written_down_is_said(desk: Desk) -> None:
    desk.write_graph("listen", LISTEN)

    with connect(desk) as client:
        with pytest.raises(openai.APIStatusError, match="no output 'vtt'"):
            client.audio.transcriptions.create(model="listen", file=SPEECH, response_format="vtt")
        with pytest.raises(openai.APIStatusError) as error:
            client.audio.transcriptions.create(model="listen", file=SPEECH, response_format="xml")
        assert error.value.param == "response_format"
        with pytest.raises(openai.APIStatusError) as error:
            client.audio.transcriptions.create(model="listen", file=SPEECH, extra_body={"steps": "3"})
        assert (error.value.status_code, error.value.param) == (422, "steps")
