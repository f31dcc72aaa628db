from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from docs_site.diagrams import draw_diagrams, draw_flowchart
from docs_site.site import ROOT

SOURCE = 'a["one & two"] -- makes --> b --> c\nc --> a\n'


def test_a_flowchart_has_a_box_for_each_name_and_a_curve_for_each_arrow() -> None:
    svg = ET.fromstring(draw_flowchart(SOURCE))[0]

    assert [text.text for text in svg.iter("text")] == ["makes", "one & two", "b", "c"]
    assert len(list(svg.iter("rect"))) == 3
    assert len([path for path in svg.iter("path") if path.get("marker-end")]) == 3


def test_rows_follow_each_other_downwards() -> None:
    svg = ET.fromstring(draw_flowchart(SOURCE))[0]

    tops = [float(box.get("y", "nan")) for box in svg.iter("rect")]
    assert tops[0] < tops[1] < tops[2]


def test_other_blocks_stay() -> None:
    assert draw_diagrams("```text\na --> b\n```\n") == "```text\na --> b\n```\n"


@pytest.mark.parametrize("name", ["architecture.md", "concepts.md"])
def test_every_flowchart_of_the_pages_is_drawn(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")

    drawn = draw_diagrams(text)

    assert drawn.count("<svg ") == len(re.findall("^```mermaid", text, re.MULTILINE)) > 0
    assert "```mermaid" not in drawn
