"""Text filled in, split, joined and replaced, with options chosen."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Grammar, JsonValue, Migration, StudioError, check_inputs, node
from studio_logic import template as templates
from studio_logic import wildcards

Text = Annotated[str, Field(max_length=1_000_000)]


_LETTERS = ("a", "b", "c", "d")
Part = str | int | float | None


def _check_values(values: JsonValue) -> None:
    if values is not None and not isinstance(values, dict):
        raise StudioError(
            "E321", f"values is {str(values)[:40]!r}, not a mapping", hint='write values like {"color": "red"}'
        )


def _check_names(template: str, values: JsonValue) -> None:
    templates.check_holes(template, values if isinstance(values, dict) else {}, _LETTERS)


def _check_all(template: str, values: JsonValue, a: Part, b: Part, c: Part, d: Part) -> None:
    templates.check_holes(template, _join(values, (a, b, c, d)), ())


def _join(values: JsonValue, edges: tuple[Part, ...]) -> dict[str, JsonValue]:
    named = {name: value for name, value in zip(_LETTERS, edges, strict=True) if value is not None}
    return {**(values if isinstance(values, dict) else {}), **named}


@node("logic.template", check=check_inputs(_check_values, _check_names, _check_all))
def fill_template(
    ctx: Context,
    template: Annotated[Text, Grammar("a template", templates.check_template)],
    *,
    values: JsonValue = None,
    a: str | int | float | None = None,
    b: str | int | float | None = None,
    c: str | int | float | None = None,
    d: str | int | float | None = None,
) -> str:
    """Fill placeholders in a text: "a {color} apple" with {"color": "red"} gives "a red apple".

    A placeholder is a name in braces; "{{" and "}}" write braces. A placeholder without a value is an error.

    Args:
        template: Text with placeholders.
        values: JSON mapping from names to text, numbers or other JSON; null for none.
        a: Value of the placeholder {a}, for an edge: text or a number.
        b: Value of the placeholder {b}, for an edge: text or a number.
        c: Value of the placeholder {c}, for an edge: text or a number.
        d: Value of the placeholder {d}, for an edge: text or a number.
    """
    _check_values(values)
    return templates.fill_template(template, _join(values, (a, b, c, d)))


@node("logic.split_text")
def split_text(
    ctx: Context,
    text: Text,
    *,
    separator: Annotated[str, Field(min_length=1, max_length=1000)] = "\n",
    strip: bool = True,
    keep_empty: bool = False,
) -> list[str]:
    """Split a text into a list, for example one prompt a line.

    Args:
        text: Text to split.
        separator: Text between the parts; a line break stands for the line breaks of every system.
        strip: Remove spaces and line breaks around each part.
        keep_empty: Keep empty parts.
    """
    if separator == "\n":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = [part.strip() if strip else part for part in text.split(separator)]
    return parts if keep_empty else [part for part in parts if part]


@node("logic.join_text")
def join_texts(ctx: Context, texts: list[str], *, separator: str = ", ") -> str:
    """Join the texts of a list.

    Args:
        texts: Texts to join.
        separator: Text between two of the texts.
    """
    from studio_logic.template import MOST_CHARACTERS

    length = sum(len(text) for text in texts) + len(separator) * max(0, len(texts) - 1)
    if length > MOST_CHARACTERS:
        raise StudioError(
            "E321", f"the joined text would have {length} characters, over {MOST_CHARACTERS}", hint="join fewer texts"
        )
    return separator.join(texts)


@node("logic.replace_text")
def replace_text(ctx: Context, text: Text, find: Annotated[str, Field(min_length=1)], *, replacement: str = "") -> str:
    """Replace every occurrence of a text in another text.

    Args:
        text: Text to change.
        find: Text to replace; case matters.
        replacement: Text to insert instead.
    """
    from studio_logic.template import MOST_CHARACTERS

    length = len(text) + text.count(find) * (len(replacement) - len(find))
    if length > MOST_CHARACTERS:
        raise StudioError(
            "E321", f"the text would have {length} characters, over {MOST_CHARACTERS}", hint="use a shorter replacement"
        )
    return text.replace(find, replacement)


@node("logic.number_to_text", version="2.0", migrations={1: Migration(inputs={"digits": "min_digits"})})
def write_number(
    ctx: Context,
    number: int | float,
    *,
    decimals: Annotated[int | None, Field(ge=0, le=30)] = None,
    min_digits: Annotated[int, Field(ge=1, le=30)] = 1,
) -> str:
    """Write a number as text.

    Args:
        number: Number to write.
        decimals: Digits after the decimal point; null for as many as needed.
        min_digits: Smallest number of digits before the decimal point, filled with zeros: 3 gives "007" for 7.
    """
    from studio_logic.template import format_value

    text = format_value(number) if decimals is None else f"{number:.{decimals}f}"
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, rest = text.partition(".")
    return f"{sign}{whole.zfill(min_digits) if whole.isdigit() else whole}{point}{rest}"


def _check_lists(lists: JsonValue) -> None:
    wildcards.read_lists(lists)


def _check_wildcards(text: str, lists: JsonValue, seed: int) -> None:
    try:
        wildcards.read_lists(lists)
    except StudioError:
        return  # reported at `lists`
    wildcards.fill_wildcards(text, lists, seed)


@node("logic.fill_wildcards", check=check_inputs(_check_lists, _check_wildcards))
def fill_wildcards(
    ctx: Context,
    text: Annotated[Text, Grammar("a text with wildcards", wildcards.parse_wildcards)],
    *,
    lists: JsonValue = None,
    seed: Annotated[int, Field(ge=0)] = 1,
) -> str:
    """Fill the wildcards of a prompt at random, by seed: names become entries of lists, braces one of the options.

    "a {red|green} __fruit__" with {"fruit": ["apple", "pear"]} may give "a red pear". "{2$$a|b|c}" chooses two, "{1-2$$
    and $$a|b|c}" one or two, joined by " and "; "{3::red|green}" red three times as often; "{2$$__fruit__}" two entries
    of a list. Options and entries may contain options and names. "\\{", "\\}",
    "\\|" and "\\__" write the characters themselves. Each choice has its own chance, so that one does not change
    the others.

    Args:
        text: Text with options in braces and names of lists between double underscores; "*" in a name fits any text.
        lists: JSON mapping from names to lists of texts, or to texts with an entry a line; a mapping in it has names
            like "hair/color"; null for none.
        seed: Seed of the choices; a list of seeds gives a text for each.
    """
    return wildcards.fill_wildcards(text, lists, seed)
