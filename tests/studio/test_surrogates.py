"""Bytes that are no UTF-8 in names of files are shown, stored and printed, and never end the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.api import Image, ImageType
from studio.app import InputFile, Studio
from studio.provenance.output_folder import OutputFolder
from studio.settings import Settings
from studio.surrogates import dump_json, escape_surrogates, is_encodable

_TEXTS = st.text(st.characters(codec=None, categories=None), max_size=20)


@given(text=_TEXTS)
def test_what_is_escaped_can_be_encoded_and_what_can_be_stays(text: str) -> None:
    escaped = escape_surrogates(text)

    escaped.encode()
    assert is_encodable(text) == (escaped == text)


@given(
    value=st.recursive(
        _TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner)
    )
)
def test_json_reads_back_as_the_same_value(value: Any) -> None:
    assert json.loads(dump_json(value).encode()) == json.loads(json.dumps(value))


def test_bytes_are_shown_by_their_digits_and_half_pairs_as_unknown() -> None:
    name = "caf\udce9"

    assert escape_surrogates(name) == r"caf\xE9"
    assert escape_surrogates(name, "%") == "caf%E9"
    assert escape_surrogates("half \ud800") == "half \ufffd"
    assert dump_json({"caf\u00e9": 1}) == '{"caf\u00e9": 1}'


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
def test_a_run_reads_and_writes_where_names_are_no_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"d\xe9")
    folder.mkdir()
    photo = folder / os.fsdecode(b"\xe9.png")
    ImageType().write_file(Image(np.zeros((4, 4, 3), np.uint8)), photo, None)
    node = {"type": "image.invert", "inputs": {"image": {"from": "inputs.photo"}}}
    document = {
        "studio": 1,
        "inputs": {"photo": {"type": "image"}},
        "nodes": {"o": node},
        "outputs": {"o": {"from": "o"}},
    }
    (folder / "graph.json").write_text(json.dumps(document))

    with Studio(Settings(cache_dir=folder / "cache", device="cpu")) as studio:
        results = [
            studio.run(folder / "graph.json", {"photo": InputFile(photo)}, output=OutputFolder(folder / "out"))
            for _ in range(2)
        ]
        record = studio.read_record(folder / "out" / "o.png")

    assert [result.status for result in results] == ["done", "done"]
    assert record is not None
    assert record.recipe.inputs == {"photo": {"file": photo.name}}


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
def test_a_printed_path_is_the_path_of_the_file(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"d\xe9")
    folder.mkdir()
    template = {"type": "logic.template", "inputs": {"template": "hello"}}
    (folder / "graph.json").write_text(
        json.dumps({"studio": 1, "nodes": {"o": template}, "outputs": {"o": {"from": "o"}}})
    )

    done = subprocess.run(
        [sys.executable, "-m", "studio", "run", "graph.json", "-o", "out", "--cache-dir", "cache"],
        cwd=folder,
        capture_output=True,
        check=True,
    )

    assert Path(os.fsdecode(done.stdout.rstrip())).read_text() == "hello"
