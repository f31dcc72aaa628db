"""Text filled in, split, joined and replaced, with options chosen."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Added, Context, Field, Grammar, JsonValue, Migration, StudioError, check_inputs, node
from studio_logic import dates, patterns, wildcard_combinations, wildcards
from studio_logic import template as templates
from studio_logic.pointer import find_value, has_value, parse_field

Text = Annotated[str, Field(max_length=1_000_000)]


class Extracted(NamedTuple):
    """Text that was found.

    Attributes:
        text: First text that was found, or the default.
        texts: List of all texts that were found, in order.
        found: Whether there is at least one.
    """

    text: str
    texts: list[str]
    found: bool


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


def _check_replacement(replacement: str, find: str, regex: bool, ignore_case: bool) -> None:
    if regex:
        try:
            compiled = patterns.compile_pattern(find, ignore_case)
        except StudioError:
            return  # reported at `find`
        patterns.check_replacement(compiled, replacement)


def _check_find(find: str, regex: bool, ignore_case: bool) -> None:
    if (regex or ignore_case) and len(find) > 1000:
        raise StudioError("E321", f"a pattern of {len(find)} characters, over 1000", hint="use a shorter one")
    if regex:
        patterns.check_pattern(find)


@node("logic.replace_text", check=check_inputs(_check_find, _check_replacement))
def replace_text(
    ctx: Context,
    text: Text,
    find: Annotated[str, Field(min_length=1)],
    *,
    replacement: str = "",
    regex: Annotated[bool, Added] = False,
    ignore_case: Annotated[bool, Added] = False,
) -> str:
    """Replace every occurrence of a text, or of what a regular expression finds, in another text.

    Args:
        text: Text to change.
        find: Text to replace.
        replacement: Text to insert instead; for a regular expression, "\\1" is the text of its first group.
        regex: Take `find` as a regular expression of Python's re, in which "^" and "$" match at each line.
        ignore_case: Match capital and small letters alike.
    """
    from studio_logic.template import MOST_CHARACTERS

    _check_find(find, regex, ignore_case)
    if regex:
        return patterns.replace_all(text, find, replacement, ignore_case)
    if ignore_case:
        return patterns.replace_text(text, find, replacement)
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


def _check_combinations(text: str, lists: JsonValue, limit: int) -> None:
    try:
        wildcards.read_lists(lists)
    except StudioError:
        return  # reported at `lists`
    wildcard_combinations.check_combinations(text, lists, limit)


@node("logic.expand_wildcards", check=check_inputs(_check_lists, _check_combinations))
def expand_wildcards(
    ctx: Context,
    text: Annotated[Text, Grammar("a text with wildcards", wildcards.parse_wildcards)],
    *,
    lists: JsonValue = None,
    limit: Annotated[int, Field(ge=1, le=wildcard_combinations.MOST_COMBINATIONS)] = 1000,
) -> list[str]:
    """List every text that wildcards can give, for a node that maps over them.

    "a {red|green} door" gives two. They are those of logic.fill_wildcards, each once, in the order of options and
    entries; the last choice changes fastest. Weights do not count, but an option with the weight 0 is left out.
    "{2$$a|b}" gives "a, b" and "b, a".

    Args:
        text: Text with options in braces and names of lists between double underscores.
        lists: JSON mapping from names to lists of texts, as for logic.fill_wildcards; null for none.
        limit: Most texts; a text that has more combinations is an error, before any of them is written.
    """
    return wildcard_combinations.combine_wildcards(text, lists, limit)


_DEFAULT_HINT = "inspect the value with logic.to_text, or give a default"


def _check_source(text: str | None, record: JsonValue, default: str | None) -> None:
    if text is None and record is None and default is not None:
        return
    if (text is None) == (record is None):
        what = "neither a text nor a record" if text is None else "a text and a record"
        raise StudioError("E321", what, hint="give a text, or a record and the name of its field")


def _check_field(field: str, record: JsonValue, default: str | None, text: str | None) -> None:
    if record is None and field and (default is None or text is not None):
        raise StudioError("E324", f"no record for the field {field[:60]!r}", hint="give it at 'record'")
    if record is not None and default is None:
        find_value(record, parse_field(field), hint=_DEFAULT_HINT)


def _check_group(group: int | None, pattern: str | None) -> None:
    if group is not None and pattern is not None:
        fault = patterns.find_group_fault(pattern, group)
        if fault is not None:
            raise fault


@node("logic.extract_text", check=check_inputs(_check_source, _check_field, _check_group))
def extract_text(
    ctx: Context,
    *,
    record: JsonValue = None,
    field: Annotated[str, Field(max_length=2000), Grammar("a field", parse_field)] = "",
    text: Text | None = None,
    pattern: Annotated[
        str | None, Field(min_length=1, max_length=1000), Grammar("a regular expression", patterns.check_pattern)
    ] = None,
    group: Annotated[int | None, Field(ge=0, le=99)] = None,
    ignore_case: bool = False,
    default: str | None = None,
) -> Extracted:
    r"""Take a text out of a record by the name of its field, or a part of a text by a regular expression, or both.

    A list of records, such as the rows of logic.read_csv, and a list of texts give a text for each entry. A pattern may
    take a second.

    Args:
        record: JSON mapping to take the text from; null for a `text`.
        field: Name of the field, such as "name" or "address.city", or a JSON pointer, such as "/address/city"; empty
            for the record itself. Numbers become text.
        text: Text to search; null for a `record`.
        pattern: Regular expression of Python's re, such as "seed (\d+)", in which "^" and "$" match at each line;
            null for the whole text.
        group: Number of the group in parentheses to return, 0 for all that is found; null for the first group, if
            there is one.
        ignore_case: Match capital and small letters alike.
        default: Text to return if the record is null, the field is missing or nothing is found; null for an error.
    """
    _check_source(text, record, default)
    _check_field(field, record, default, text)
    _check_group(group, pattern)
    if text is None:
        pointer = parse_field(field)
        if record is None or not has_value(record, pointer):
            return Extracted(str(default), [], False)
        text = templates.format_value(find_value(record, pointer))
    texts = [text] if pattern is None else patterns.find_all(text, pattern, group, ignore_case)
    if not texts and default is None:
        raise StudioError(
            "E321",
            f"nothing matches {str(pattern)[:60]!r} in {text[:60]!r}",
            hint="change the pattern, or give a default",
        )
    return Extracted(texts[0] if texts else str(default), texts, bool(texts))


def _check_days(add_days: int, date: str) -> None:
    dates.format_date(date, "", add_days)


@node("logic.format_date", check=check_inputs(_check_days))
def format_date(
    ctx: Context,
    date: Annotated[str, Field(max_length=40), Grammar("a date", dates.parse_date)],
    *,
    pattern: Annotated[str, Field(max_length=200), Grammar("a pattern of a date", dates.check_pattern)] = "%-d %B %Y",
    add_days: Annotated[int, Field(ge=-4_000_000, le=4_000_000, unit="days")] = 0,
) -> str:
    """Write a date as text, such as "14 March 2026", with English names.

    The date is an input: a result that changes by itself could not be cached. In a shell, `--set date=$(date -I)` is
    today.

    Args:
        date: Date of ISO 8601, with or without a time, such as "2026-03-14" or "2026-03-14T09:30".
        pattern: Text with %Y (year), %m and %d (month and day with two digits), %-m and %-d (as short as they are),
            %B and %b (name of the month, long and short), %A and %a (name of the day), %H, %I, %M, %S, %p (AM or PM),
            %y (year with two digits), %j (day of the year), %V and %G (ISO week and its year), and %%.
        add_days: Days to add to the date; a negative number goes back.
    """
    return dates.format_date(date, pattern, add_days)
