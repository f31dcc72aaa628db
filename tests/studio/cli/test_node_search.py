"""`studio nodes WORDS`: what is found, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from studio.api import Context, get_node_type, node
from studio.cli.node_search import search_node_types

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


@node("text.draw")
def draw(ctx: Context, shadow: str = "", shadow_blur: float = 0.1) -> str:
    """Draw text on an image.

    Args:
        shadow: Color of a soft drop shadow.
        shadow_blur: How soft it is.
    """
    return ""


@node("tone.lift")
def lift(ctx: Context, mode: Literal["soft", "hard"] = "soft") -> str:
    """Lift dark places.

    What lies in a shadow gets brighter.

    Args:
        mode: How.
    """
    return ""


@node("light.shadow")
def cast(ctx: Context) -> str:
    """Cast light."""
    return ""


TYPES = [get_node_type(function) for function in (draw, lift, cast)]


def search(*words: str) -> list[str]:
    return [match.node_type.id for match in search_node_types(words, TYPES)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["shadow"], ["light.shadow", "text.draw", "tone.lift"]),
        (["shadows"], []),
        (["shad"], ["light.shadow", "text.draw", "tone.lift"]),
        (["drop", "shadow"], ["text.draw"]),
        (["drop shadow"], ["text.draw"]),
        (["shadow", "nothing"], ["light.shadow", "text.draw", "tone.lift"]),
        (["hard"], ["tone.lift"]),
        (["nothing"], []),
        (["?"], []),
    ],
)
def test_names_come_before_inputs_and_those_before_documentation(words: list[str], found: list[str]) -> None:
    assert search(*words) == found


def test_inputs_are_named_where_neither_name_nor_summary_has_the_word() -> None:
    by_id = {match.node_type.id: match.inputs for match in search_node_types(["shadow"], TYPES)}

    assert by_id == {"light.shadow": (), "text.draw": ("shadow", "shadow_blur"), "tone.lift": ()}


def test_the_command_finds_drop_shadows(desk: Desk) -> None:
    rows = desk.call("nodes", "drop", "shadow").out.splitlines()

    assert rows[0].startswith("image.add_shadow")
    (text,) = (row for row in rows if row.startswith("image.draw_text"))
    assert "(inputs: shadow" in text
    assert desk.call("nodes", "shadow", "--json").json[0]["id"] == "image.add_shadow"


def test_words_that_no_node_type_has_are_an_error(desk: Desk) -> None:
    done = desk.call("nodes", "xyzzy")

    assert done.code == 2
    assert "E006 no node type matches 'xyzzy'" in done.err


@node("paper.composite")
def composite(ctx: Context) -> str:
    """Put one image on another."""
    return ""


@pytest.mark.parametrize(
    ("word", "found"),
    [("grayscale", "image.adjust"), ("desaturate", "image.adjust"), ("slideshow", "video.storyboard")],
)
def test_words_of_other_programs_find_node_types(desk: Desk, word: str, found: str) -> None:
    assert desk.succeed("nodes", word).out.split()[0] == found


def test_another_word_for_the_same_thing_finds_it_after_those_that_have_the_word() -> None:
    types = [*TYPES, get_node_type(composite)]

    assert [match.node_type.id for match in search_node_types(["watermark"], types)] == ["paper.composite"]
    assert search_node_types(["watermark"], TYPES) == []
