"""SVG text: well formed, with every name, and without anything that runs."""

from __future__ import annotations

from xml.etree import ElementTree

from studio.graph.drawing import draw_svg
from studio.graph.drawing.shapes import Curve, Dot, Drawing, Group, Rectangle, Shape, Words
from studio.graph.drawing.svg import write_svg
from studio.graph.resolved import ResolvedGraph

SVG = "{http://www.w3.org/2000/svg}"


def write(*shapes: Shape, tooltip: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(write_svg(Drawing("A & B", 60.4, 40.0, "#123456", [Group(shapes, tooltip)])))


def test_svg_shows_names_types_settings_and_a_legend(mixed: ResolvedGraph) -> None:
    svg = draw_svg(mixed, {"new": "hit", "sheet": "miss"})
    words = [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]

    for expected in (
        "Mixed",
        "new",
        "image.new",
        "color",
        "teal",
        "sheet",
        "image.grid",
        "sizes",
        "list[int]",
        "when",
        "hit 1",
        "miss 1",
        "not used 1",
        "each",
    ):
        assert expected in words


def test_a_drawing_has_its_size_its_title_and_its_ground() -> None:
    root = write()

    assert (root.get("width"), root.get("viewBox")) == ("60", "0 0 60 40")
    assert root[0].text == "A & B"
    assert root[1].get("fill") == "#123456"


def test_shapes_become_elements_with_their_measures() -> None:
    root = write(
        Rectangle(1.0, 2.0, 3.0, 4.0, 1.5, "", "#ff0000", 1.2, (5.0, 4.0)),
        Curve(((0.0, 1.0), (2.0, 3.0), (4.0, 5.0), (6.0, 7.25)), "#ff0000", 2.0),
        Dot(1.0, 2.0, 3.5, "#ffffff", "#ff0000"),
        Words(1.0, 2.0, "a < b", 12.5, "#ff0000", bold=True, anchor="end"),
    )

    rectangle, curve, dot, words = root[2]
    assert rectangle.attrib == {
        "x": "1.0",
        "y": "2.0",
        "width": "3.0",
        "height": "4.0",
        "rx": "1.5",
        "fill": "none",
        "stroke": "#ff0000",
        "stroke-width": "1.2",
        "stroke-dasharray": "5 4",
    }
    assert curve.get("d") == "M0.0 1.0 C2.0 3.0 4.0 5.0 6.0 7.2"
    assert (dot.get("r"), dot.get("fill")) == ("3.5", "#ffffff")
    assert (words.text, words.get("font-weight"), words.get("text-anchor")) == ("a < b", "600", "end")


def test_a_tooltip_is_the_title_of_its_group() -> None:
    group = write(tooltip="first\x07 line\nsecond & line")[2]

    assert group[0].tag == f"{SVG}title"
    assert group[0].text == "first line\nsecond & line"
    assert len(write()[2]) == 0


def test_hostile_text_is_harmless_in_svg(hostile: ResolvedGraph) -> None:
    svg = draw_svg(hostile, {"a": "</text><script>\x1b"})

    root = ElementTree.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "g",
        "title",
        "rect",
        "path",
        "circle",
        "text",
    }
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name}
    assert "\u202e" not in svg
    assert "\x1b" not in svg
