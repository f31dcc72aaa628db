"""What the authors of value types say about values: whether one is valid, and what it is in a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from studio.api import ValueType
from studio.api.type_spec import describe_value
from studio.cache import Cache
from studio.errors import StudioError
from studio.redaction import contains_secret
from studio.value_callback import call_value_type

_LONGEST = 80

FindType = Callable[[Any], ValueType[Any] | None]


class ValueChecks:
    """Checks values by the `check` of their value types; costs nothing where no value type has one.

    Args:
        cache: Knows the value types.
    """

    def __init__(self, cache: Cache) -> None:
        self._store_streams = cache.store_streams
        self._checked = {
            value_type.python: value_type
            for value_type in cache.codecs.value_types
            if type(value_type).check is not ValueType.check
        }

    def check_outputs(self, values: Mapping[str, Any]) -> None:
        """Check what a node type returned.

        Raises:
            StudioError: E302 for an invalid value or one that contains a secret, E315 if a check itself fails.
        """
        for name, value in values.items():
            if contains_secret(value):
                hint = "a secret is for the call that needs it, and must not be returned"
                raise StudioError("E302", f"output {name!r}: it contains a secret", hint=hint)
        if self._checked:
            for name, value in values.items():
                try:
                    self.check(value)
                except StudioError as error:
                    if error.code == "E315":
                        raise
                    hint = error.hint or "this is a mistake of the node type"
                    raise StudioError("E302", f"output {name!r}: {error.message}", hint=hint) from None

    def settle(self, value: Any) -> Any:
        """Return a value that a caller gives in a form that has a digest; errors as for `check`."""
        self.check(value)
        return self._store_streams(value)

    def check(self, value: Any) -> None:
        """Check a value, or the entries of a list.

        Raises:
            StudioError: What the value type says of an invalid value, or E315 if its check fails.
        """
        if isinstance(value, list | tuple):
            for entry in value:
                self.check(entry)
            return
        value_type = self._checked.get(type(value))
        if value_type is not None:
            call_value_type(value_type, "check", value)


def describe_value_of(value: Any, find_type: FindType) -> str:
    """Say in at most 80 characters what a value is, as its value type describes it."""
    value_type = find_type(value)
    if value_type is None or type(value_type).describe is ValueType.describe:
        return _describe_plainly(value)
    try:
        text = " ".join(str(call_value_type(value_type, "describe", value)).split())
    except StudioError:  # an error is being described: that it cannot be described is no error of its own
        return _describe_plainly(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _describe_plainly(value: Any) -> str:
    try:
        return describe_value(value)
    except Exception:  # the repr of a plugin's class may raise anything
        return f"a value of class {type(value).__name__}"
