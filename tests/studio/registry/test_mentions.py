"""What the source of a loose module names."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.registry.mentions import find_mentions, find_named_files
from studio.registry.source_files import SourceReader


def list_named(folder: Path, source: str) -> list[str]:
    """Return the names of the files that the source of a module in a folder names."""
    return sorted(
        {name for name, _ in find_named_files(find_mentions(source.encode()), str(folder / "mine.py"), SourceReader())}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data of several kinds."""
    for name in (
        "lut.json",
        "other.json",
        "mine.json",
        "a.cube",
        "luts/x.bin",
        "luts/deep/y.bin",
        "out/z.bin",
        "late.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ('open("lut.json")', ["lut.json"]),
        ('f"{kind}.cube"', ["a.cube"]),
        ('FOLDER.glob("*.json")', ["lut.json", "mine.json", "other.json"]),
        ('path.with_suffix(".json")', ["lut.json", "mine.json", "other.json"]),
        ('Path(__file__).with_suffix(".json")', ["mine.json"]),
        ('HERE / "luts" / name', ["luts/deep/y.bin", "luts/x.bin"]),
        ('os.path.join(HERE, "luts", name)', ["luts/deep/y.bin", "luts/x.bin"]),
        ('importlib.import_module("late")', ["late.py"]),
        ("sorted(os.listdir(HERE))", ["a.cube", "lut.json", "mine.json", "other.json"]),
        ('run(output="out")', []),
        ('open("/etc/passwd"); open("../x")', []),
        ("1 +", []),
    ],
)
def test_files_are_named_by_a_text_a_pattern_an_ending_or_a_listing(
    folder: Path, source: str, named: list[str]
) -> None:
    assert list_named(folder, source) == named


def test_imports_are_found_with_their_dots_wherever_they_stand() -> None:
    source = b"import a.b, c\ndef f():\n    from ..d import e\n    from . import g\n"

    assert find_mentions(source).imports == {(0, "a.b", ()), (0, "c", ()), (2, "d", ("e",)), (1, "", ("g",))}


def test_a_text_that_can_be_no_name_of_a_file_names_none(folder: Path) -> None:
    # a lone surrogate stands for a letter that the encoding of file names lacks, as ISO 8859-9 lacks most
    source = "a = 'x\\ud800/data.json'\nb = '\\ud800.json'\nc = 'lut.json'\nd = '\\ud800'\n"

    assert list_named(folder, source) == ["lut.json"]
