"""`Grammar`: what a literal must look like beyond its type; `check_inputs`: the same for several inputs together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.errors import StudioError

if TYPE_CHECKING:
    from pathlib import Path

    from studio.api.model import Model


@dataclass(frozen=True)
class Grammar:
    """How values of an input are written: `Annotated[str, Grammar("a color", parse_color)]`.

    Studio applies it to what a graph has at the input, in `studio validate` and before a run, and to what an edge
    brings, before the function is called. The function still gets the value as it is written.

    At an output of JSON it says that the value has a form of its own, `Annotated[JsonValue, Grammar("marks",
    parse_marks)]`: an edge from it to an input of text, a number or a bool is an error before the run.

    Attributes:
        name: What such a value is, with its article, for messages.
        parse: Called with the value; raises a StudioError for an invalid one. What it returns is dropped. It must be
            quick, import nothing heavy such as torch, and depend on the value alone: that a value is valid is kept.
    """

    name: str
    parse: Callable[[Any], object]


def check_inputs(
    *functions: Callable[..., object],
) -> Callable[[Mapping[str, Any], Callable[[Model], Path | None]], Iterator[tuple[str, StudioError]]]:
    """Return a `check=` for `@node` made of functions that raise a StudioError, which the node calls as well.

    A function's parameters are named after inputs. Studio calls it where the values of all of them are known: a file
    to read is known by its path, a file to write by its name, and of a list of media only the length is known. What it
    raises is reported at the input of its first parameter.

    Args:
        *functions: The functions.
    """
    named = [(function, list(inspect.signature(function).parameters)) for function in functions]

    def check(
        inputs: Mapping[str, Any], find_path: Callable[[Model], Path | None]
    ) -> Iterator[tuple[str, StudioError]]:
        for function, names in named:
            if all(name in inputs for name in names):
                try:
                    function(**{name: inputs[name] for name in names})
                except StudioError as error:
                    yield names[0], error

    return check
