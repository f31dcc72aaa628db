"""What a media file carries is read back as it was written, and whatever else it holds ends with a clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, ImageType
from studio.api.builtin import create_builtin_value_types
from studio.errors import GraphError
from studio.provenance.carried_text import CarriedText
from studio.provenance.embedded import find_media_type, read_embedded

DOCUMENT = {"studio": 1, "nodes": {"a": {"type": "x.y"}}, "outputs": {"o": {"from": "a"}}}
PROVENANCE = {
    "studio": 1,
    "version": "0.1.0",
    "graph": DOCUMENT,
    "graphs": {"./part.json": DOCUMENT},
    "inputs": {"seed": 3},
    "files": {"photo.png": "ab"},
    "base": "../graphs",
}


def write(path: Path, text: str | None) -> Path:
    """Write an image that carries a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ImageType().write_file(Image(np.zeros((2, 2, 3), np.uint8)), path, text)
    return path


def read(path: Path, max_length: int = 10_000) -> Any:
    """Read what a file carries."""
    return read_embedded(path, create_builtin_value_types(), max_length=max_length)


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tiff"])
def test_a_record_comes_back_as_it_was_written(tmp_path: Path, extension: str) -> None:
    path = write(tmp_path / "out" / f"o.{extension}", CarriedText(PROVENANCE).format("o", 2))

    record = read(path)

    assert (record.output, record.index, record.path) == ("o", 2, path)
    assert record.recipe.inputs == {"seed": 3}
    assert record.recipe.base == tmp_path / "graphs"
    assert record.recipe.graphs == {"./part.json": DOCUMENT}
    assert record.recipe.file_digests == {"photo.png": "ab"}
    assert record.recipe.graph.json == DOCUMENT


def test_the_text_is_the_same_whatever_the_order_of_its_parts() -> None:
    backwards = dict(reversed(PROVENANCE.items()))

    assert CarriedText(PROVENANCE).format("o", 0) == CarriedText(backwards).format("o", 0)


def test_a_base_that_is_absolute_is_not_believed(tmp_path: Path) -> None:
    path = write(tmp_path / "o.png", CarriedText(PROVENANCE | {"base": "/etc"}).format("o", 0))

    assert read(path).recipe.base == tmp_path


def test_files_of_the_first_versions_carry_less(tmp_path: Path) -> None:
    path = write(tmp_path / "o.png", json.dumps({"graph": DOCUMENT, "inputs": {}}))

    record = read(path)

    assert (record.output, record.index, record.recipe.file_digests) == ("", 0, {})
    assert record.recipe.base == tmp_path


@pytest.mark.parametrize("number", [0, 3, 99, "2", True, None])
def test_a_format_that_is_not_known_is_refused(tmp_path: Path, number: Any) -> None:
    path = write(tmp_path / "o.png", CarriedText(PROVENANCE | {"studio": number}).format("o", 0))

    with pytest.raises(GraphError, match="E134") as caught:
        read(path)

    assert "newer Studio" in caught.value.hint


def test_a_file_that_is_no_media_carries_nothing(tmp_path: Path) -> None:
    (tmp_path / "o.json").write_text("{}", encoding="utf-8")

    assert read(tmp_path / "o.json") is None
    assert find_media_type(tmp_path / "o", create_builtin_value_types()) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"graph": 5, "inputs": {}}', '{"inputs": {}}', '{"graph": {}, "inputs": 5}', "[" * 5000]
    + [json.dumps({"graph": DOCUMENT, "inputs": {}, name: value})
       for name, value in (("index", "x"), ("files", 5), ("base", "a\0b"))],
)  # fmt: skip
def test_what_is_damaged_is_one_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(GraphError) as caught:
        read(write(tmp_path / "o.png", text))

    assert caught.value.code in ("E134", "E107", "E101")
    assert len(str(caught.value)) < 500


def test_a_file_without_provenance_says_what_to_run_instead(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="E134") as caught:
        read(write(tmp_path / "o.png", None))

    assert caught.value.findings[0].hint == "run the graph itself: studio run GRAPH.json"


def test_a_missing_file_and_one_that_carries_too_much_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="E120"):
        read(tmp_path / "nosuch.png")
    path = write(tmp_path / "o.png", CarriedText(PROVENANCE).format("o", 0))

    with pytest.raises(GraphError, match="E106") as caught:
        read(path, max_length=100)

    assert "STUDIO_MAX_GRAPH_BYTES" in caught.value.findings[0].hint
