"""What is known of content, and the IPTC term that follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.api import Audio, Context, Image, Video, get_node_type, node
from studio.api.content_origin import (
    SOURCE_TYPES,
    Content,
    find_source_type,
    label_provenance,
    read_carried_term,
    read_content,
)
from studio.errors import NodeTypeError

GIVEN, CAPTURED, GENERATED, ALTERED = Content.GIVEN, Content.CAPTURED, Content.GENERATED, Content.ALTERED
ALGORITHMIC, ENHANCED, EDITED = Content.ALGORITHMIC, Content.ENHANCED, Content.EDITED


@pytest.mark.parametrize(
    ("content", "term"),
    [
        (GENERATED, "trainedAlgorithmicMedia"),
        (GENERATED | EDITED | ENHANCED, "trainedAlgorithmicMedia"),
        (GENERATED | ALTERED, "trainedAlgorithmicMedia"),
        (GENERATED | GIVEN, "compositeWithTrainedAlgorithmicMedia"),
        (GENERATED | CAPTURED | EDITED, "compositeWithTrainedAlgorithmicMedia"),
        (ALTERED | GIVEN, "compositeWithTrainedAlgorithmicMedia"),
        (ALTERED | ALGORITHMIC, "compositeWithTrainedAlgorithmicMedia"),
        (GIVEN | ENHANCED | EDITED, "algorithmicallyEnhanced"),
        (GIVEN | EDITED, "humanEdits"),
        (CAPTURED | EDITED, "humanEdits"),
        (GIVEN | ALGORITHMIC, "humanEdits"),
        (CAPTURED, "digitalCapture"),
        (CAPTURED | GIVEN, ""),
        (GIVEN, ""),
        (ALGORITHMIC, "algorithmicMedia"),
        (ALGORITHMIC | EDITED | ENHANCED, "algorithmicMedia"),
        (EDITED, ""),
        (Content.NOTHING, ""),
    ],
)
def test_a_trained_model_is_named_first_and_nothing_is_claimed_that_is_not_known(content: Content, term: str) -> None:
    assert find_source_type(content) == term


@pytest.mark.parametrize("place", ["at the start", "after a megabyte"])
@pytest.mark.parametrize(
    ("term", "content"),
    [
        ("trainedAlgorithmicMedia", GENERATED),
        ("compositeWithTrainedAlgorithmicMedia", ALTERED | GIVEN),
        ("compositeSynthetic", GENERATED | GIVEN),
        ("algorithmicMedia", ALGORITHMIC),
        ("digitalCapture", CAPTURED),
    ],
)
def test_a_file_says_what_it_is_wherever_the_term_stands(
    tmp_path: Path, term: str, content: Content, place: str
) -> None:
    path = tmp_path / "a.bin"
    filler = bytes(1_500_000) if place == "after a megabyte" else b""
    path.write_bytes(b"head" + filler + SOURCE_TYPES.encode() + term.encode() + b"Perhaps the next field")

    assert read_content(path) == content


@pytest.mark.parametrize("data", [b"", b"nothing here", SOURCE_TYPES.encode() + b"somethingNew"])
def test_a_file_without_a_known_term_is_of_unknown_source(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)

    assert read_content(path) == GIVEN
    assert read_content(tmp_path / "missing.bin") == GIVEN


def test_the_term_is_read_from_its_place_in_the_record_and_from_no_other() -> None:
    prompt = '"digital_source_type": "humanEdits"'
    record = {"base": 'a "quoted" \\ folder', "graph": {"nodes": {}}, "inputs": {"digital_source_type": prompt}}
    text = json.dumps(record, sort_keys=True)

    labelled = label_provenance(text, GENERATED)

    assert read_carried_term(text) == ""
    assert read_carried_term(labelled) == f"{SOURCE_TYPES}trainedAlgorithmicMedia"
    assert json.loads(labelled) == record | {"digital_source_type": "trainedAlgorithmicMedia"}
    assert label_provenance(labelled, ALGORITHMIC) == labelled
    assert label_provenance(text, GIVEN) == text
    assert read_carried_term(None) == ""


@pytest.mark.parametrize(
    ("origin", "problem"),
    [
        ("made up", "unknown origin 'made up'"),
        ("from video", "unknown origin 'from video'"),
        ({"image": "edited"}, "'image' is not an output"),
        ({"video": "from nothing"}, "unknown origin 'from nothing'"),
        ({"audio.audio": "edited"}, "'audio.audio' is not an output"),
        (7, "unknown origin 7"),
    ],
)
def test_an_invalid_origin_is_a_mistake_of_the_declaration(origin: Any, problem: str) -> None:
    with pytest.raises(NodeTypeError, match=problem):

        @node("test.cut", origin=origin)
        def cut(ctx: Context, video: Video) -> Video:
            """Cut a video."""
            return video


def test_an_origin_may_name_outputs_inputs_and_the_audio_of_a_video() -> None:
    origin = {"video": "unchanged", "video.audio": "from audio"}

    @node("test.join", origin=origin)
    def join(ctx: Context, video: Video, audio: Audio) -> Video:
        """Give a video audio."""
        return video

    @node("test.blur", origin="edited")
    def blur(ctx: Context, image: Image) -> Image:
        """Blur an image."""
        return image

    assert get_node_type(join).content_origin == origin
    assert get_node_type(blur).content_origin == "edited"
