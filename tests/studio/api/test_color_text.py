"""Colors parsed from text, against CSS."""

from __future__ import annotations

import pytest

from studio.api import Color, MediaError, TypeSpec, parse_color
from studio.api.annotation import parse_annotation
from studio.api.type_spec import find_written_faults


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("#f00", (1, 0, 0, 1)),
        ("#ff000080", (1, 0, 0, 128 / 255)),
        (" Orange ", (1, 165 / 255, 0, 1)),
        ("hsl(120, 100%, 50%)", (0, 1, 0, 1)),
        ("TRANSPARENT", (0, 0, 0, 0)),
    ],
)
def test_colors_are_parsed_as_css_means_them(text: str, color: tuple[float, ...]) -> None:
    assert parse_color(text) == pytest.approx(color)


def test_an_invalid_color_is_quoted_at_most_60_characters_long() -> None:
    with pytest.raises(MediaError) as caught:
        parse_color("x" * 500)

    assert caught.value.code == "E505"
    assert "x" * 60 in caught.value.message
    assert "x" * 61 not in caught.value.message


def test_a_color_is_text_of_which_a_wrong_entry_is_found() -> None:
    spec, _ = parse_annotation(list[Color] | None)  # type: ignore[operator]  # an alias of Annotated

    assert spec == TypeSpec("text", depth=1, optional=True)
    assert [place for place, _ in find_written_faults(spec, ["red", "blurple", "blue", ""])] == ["/1", "/3"]
    assert list(find_written_faults(spec, None)) == []
