"""docs/decisions/README.md lists every decision once, with its title and a status."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.test_vocabulary import find_words

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
ROW = re.compile(r"^\| (\d+) \| \[(.+)\]\((\S+)\) \| (.+) \|$", re.MULTILINE)


def test_every_decision_is_listed_with_its_number_title_and_status() -> None:
    listed = {
        name: (number, title) for number, title, name, _ in ROW.findall((FOLDER / "README.md").read_text("utf-8"))
    }
    expected = {}
    for path in sorted(FOLDER.glob("0*.md")):
        head = path.read_text("utf-8").splitlines()[0]
        number, _, title = head.removeprefix("# ").partition(". ")
        expected[path.name] = (number, title)

    assert listed == expected


def test_titles_and_file_names_use_one_word_for_each_thing() -> None:
    found = []
    for path in sorted(FOLDER.glob("0*.md")):
        title = path.read_text("utf-8").splitlines()[0]
        found += find_words(f"{title}\n{path.stem.replace('-', ' ')}")

    assert found == []
