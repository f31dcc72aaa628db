"""Cards have room for what they say, show where arrows meet them, and cut what is too long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.graph.drawing.cards import compose_card, create_box, find_port
from studio.graph.drawing.shapes import Rectangle, Words
from studio.graph.drawing.sketch import Card, Row
from studio.graph.drawing.text import measure_text

NODE = Card("nodes.a", "node", "a", "image.new", rows=(Row("image", "", "image"), Row("width", "8"), Row("", "", "b")))
END = Card("inputs.i", "input", "i", "text")


def read_words(card: Card) -> list[str]:
    return [shape.text for shape in compose_card(card, create_box(card)).shapes if isinstance(shape, Words)]


def test_a_card_grows_by_a_line_for_each_row_and_for_three_problems_at_most() -> None:
    bare = replace(NODE, rows=())
    heights = [create_box(replace(NODE, problems=("E1 bad",) * count)).height for count in (0, 1, 3, 9)]

    assert create_box(bare).height == 50.0
    assert heights[1] - heights[0] == create_box(NODE).height - create_box(replace(NODE, rows=NODE.rows[:2])).height
    assert heights[2] - heights[0] == 3 * (heights[1] - heights[0])
    assert heights[3] == heights[2]


@pytest.mark.parametrize("card", [NODE, END, replace(END, kind="output"), replace(NODE, mark="each", standing="miss")])
@pytest.mark.parametrize("length", [1, 20, 500])
def test_text_stays_inside_its_card(card: Card, length: int) -> None:
    rows = tuple(Row("l" * length, "v" * length if index else "", "r") for index in range(2)) if card.rows else ()
    card = replace(card, title="W" * length, subtitle="m" * length, rows=rows, problems=("p" * length,) * 2)
    box = create_box(card)

    assert box.width <= 290.0
    for shape in compose_card(card, box).shapes:
        if isinstance(shape, Words):
            width = measure_text(shape.text, shape.size, bold=shape.bold)
            left = {"start": shape.x, "middle": shape.x - width / 2, "end": shape.x - width}[shape.anchor]
            assert box.x <= left
            assert left + width <= box.x + box.width + 1e-6
            assert shape.y <= box.y + box.height


def test_a_short_card_has_the_least_width_and_a_wide_row_makes_it_wider() -> None:
    assert create_box(replace(NODE, subtitle="", rows=())).width == 132.0
    assert create_box(replace(NODE, rows=(Row("a_long_name_of_an_input", "", "output"),))).width > 200


def test_inputs_end_at_the_right_of_their_column_and_outputs_at_the_left() -> None:
    assert [create_box(card).align for card in (END, replace(END, kind="output"), NODE)] == ["right", "left", "fill"]


def test_an_arrow_meets_the_row_of_its_input_or_output() -> None:
    ports = [find_port(NODE, "image", output=False), find_port(NODE, "b", output=True)]

    shapes = compose_card(NODE, create_box(NODE)).shapes
    baselines = [shape.y for shape in shapes if isinstance(shape, Words) and shape.text in ("image", "b")]
    assert ports[1] - ports[0] == 2 * 21.0
    assert all(abs(port - y) < 6 for port, y in zip(ports, (baselines[0], baselines[-1]), strict=True))


def test_an_arrow_to_what_no_row_shows_meets_the_head() -> None:
    assert find_port(NODE, "width", output=False) == 25.0  # a literal stands there, so no arrow leads to this row
    assert find_port(NODE, "nothing", output=True) == 25.0
    assert find_port(END, "", output=True) == 23.0


def test_a_card_says_what_is_wrong_with_it() -> None:
    wrong = ("E103 first\nline", "E1 b", "E1 c", "E1 d")

    assert read_words(replace(NODE, problems=wrong))[-3:] == ["E103 first line", "E1 b", "E1 c"]
    assert read_words(replace(END, problems=wrong))[-1] == "E103 first line"


def test_a_mapped_node_is_a_stack_of_cards() -> None:
    flat, stacked = (
        [s for s in compose_card(card, create_box(card)).shapes if isinstance(s, Rectangle)]
        for card in (replace(NODE, rows=()), replace(NODE, rows=(), mark="each"))
    )

    assert len(stacked) == len(flat) + 3  # two cards behind it, and the ground of the mark
    assert "each" in read_words(replace(NODE, mark="each"))


def test_an_end_that_nothing_uses_is_dashed() -> None:
    for card, dashed in ((END, False), (replace(END, standing="not used"), True)):
        first = compose_card(card, create_box(card)).shapes[0]
        assert isinstance(first, Rectangle)
        assert bool(first.dash) is dashed
