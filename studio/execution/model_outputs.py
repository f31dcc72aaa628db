"""Which model references a node type may return: files and names of this machine only if it was given them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Model
from studio.errors import StudioError

_CHANGING = ("file", "local")


def check_models(values: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Refuse outputs that name weights which may be other ones the next time.

    A cached result would then name the weights of another run.

    Args:
        values: What a node type returned, by output.
        inputs: What it was given, by input.

    Raises:
        StudioError: E302 for such an output.
    """
    for name, value in values.items():
        if type(value) is not Model and type(value) is not list:  # most values; this runs for each call
            continue
        for model in _iterate_models(value):
            if model.scheme in _CHANGING and model.reference not in _list_given(inputs):
                hint = "keep weights that a node makes with ctx.keep(path), and return what it gives"
                raise StudioError("E302", f"output {name!r}: {model.reference!r} is not among its inputs", hint=hint)


def _list_given(inputs: Mapping[str, Any]) -> set[str]:
    return {model.reference for value in inputs.values() for model in _iterate_models(value)}


def _iterate_models(value: Any) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _iterate_models(entry)
