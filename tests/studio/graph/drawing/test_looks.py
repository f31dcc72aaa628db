"""Every standing has colors of its own and a place in the legend."""

from __future__ import annotations

from itertools import combinations

from studio.graph.drawing import draw_svg
from studio.graph.drawing.looks import count_standing, find_look, find_standings
from studio.graph.drawing.sketch import Card, Sketch
from studio.graph.resolved import ResolvedGraph


def sketch(*standings: str) -> Sketch:
    cards = [Card(f"nodes.{index}", "node", "n", "t", standing) for index, standing in enumerate(standings)]
    return Sketch("s", (*cards, Card("inputs.i", "input", "i", "text", "not used")), ())


def test_standings_have_colors_of_their_own(mixed: ResolvedGraph) -> None:
    drawn = {
        word: draw_svg(mixed, {"new": word})
        for word in ("hit", "miss", "unknown", "always runs", "skipped", "failed", "odd")
    }

    assert all(f">{word} 1<" in svg for word, svg in drawn.items())
    assert all(one != other for one, other in combinations(drawn.values(), 2))


def test_an_unknown_word_is_drawn_plainly() -> None:
    assert find_look("odd") == find_look("") != find_look("hit")


def test_what_will_not_run_is_dashed() -> None:
    dashed = [word for word in ("hit", "miss", "failed", "error", "skipped", "not used") if find_look(word).dashed]

    assert dashed == ["skipped", "not used"]


def test_standings_of_nodes_are_counted_known_ones_first() -> None:
    found = find_standings(sketch("odd", "miss", "", "hit", "miss"))

    assert list(found.items()) == [("hit", 1), ("miss", 2), ("odd", 1)]
    assert count_standing("miss", 2) == "miss 2"
