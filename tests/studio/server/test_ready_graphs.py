"""The included graphs: all are valid, one runs, and one says which weights it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.app import Studio
from studio.errors import GraphError
from studio.server.graph_list import READY_FOLDER, GraphList
from studio.settings import Settings

SPEECH = str(Path("graphs/media/jazz_quartet.ogg").resolve())


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with all that is installed."""
    with Studio(Settings(device="cpu", models_dir=tmp_path / "models"), on_disk=False) as opened:
        yield opened


def test_each_ready_graph_is_valid_and_the_folder_of_a_user_wins(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "speak.json").write_text('{"studio": 1, "title": "mine", "nodes": {}, "outputs": {}}')
    graphs = GraphList(studio, [tmp_path, READY_FOLDER])

    listed = {one.name: one for one in graphs.list_graphs()}

    assert sorted(listed) == ["edit_image", "speak", "text_to_image", "text_to_video", "transcribe"]
    assert [one.problem for name, one in listed.items() if name != "speak"] == [None] * 4
    assert graphs.find_base("speak") == tmp_path / "speak.json"
    assert graphs.find_base("transcribe") == READY_FOLDER / "transcribe.json"
    assert graphs.find_base("gone") == tmp_path / "gone.json"


def test_missing_weights_are_named_with_the_command_that_gets_them(studio: Studio) -> None:
    with pytest.raises(GraphError) as error:
        studio.run(READY_FOLDER / "transcribe.json", {"audio": {"file": SPEECH}})

    assert [found.hint for found in error.value.findings] == ["fetch it: studio models get whisper-base"]


def test_a_ready_graph_runs(studio: Studio, tmp_path: Path) -> None:
    result = studio.run(READY_FOLDER / "speak.json", {"text": "Hi."}, output=tmp_path)

    assert result.status == "done"
    assert [path.name for path in tmp_path.glob("speech.*")] == ["speech.flac"]


@pytest.mark.parametrize(
    "path", [*sorted(Path("graphs").glob("*.json")), *sorted(READY_FOLDER.glob("*.json"))], ids=str
)
def test_hints_for_forms_name_inputs_and_are_those_that_the_page_knows(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    known = {"kind": {"long", "color", "seed", "sketch"}, "unit": None, "step": None, "advanced": {True}}
    known |= {"over": set(document["inputs"]), "placeholder": None}

    for name, hints in document.get("ui", {}).get("inputs", {}).items():
        assert name in document["inputs"]
        assert set(hints) <= set(known)
        assert all(known[hint] is None or value in known[hint] for hint, value in hints.items())
        if hints.get("unit") == "%":  # a share is shown as a percentage
            assert document["inputs"][name]["maximum"] <= 1
