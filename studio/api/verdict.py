"""Verdicts of checks in a graph: what was measured, what was asked, and what happens if they do not agree.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from studio.api.type_spec import JsonValue, TypeSpec
from studio.errors import StudioError

if TYPE_CHECKING:
    from studio.api.context import Context

__all__ = ["Measure", "OnFail", "give_verdict"]

OnFail: TypeAlias = Literal["warn", "fail", "hold"]
"""What a check that does not pass does: "warn" logs a line, "fail" is an error of the node, "hold" has the item of a
batch end as held: its files are kept to look at, apart from those that are done."""

CHECK_FAILED = "E325"
VERDICT = "verdict"
"""The name of the output that holds a verdict, by which a batch finds it."""

_DIGITS = 4
_MOST_DIGITS = 20


@dataclass(frozen=True)
class Measure:
    """One thing that a check measured, and the range that was asked for.

    Attributes:
        name: What it is, such as "true peak".
        value: What was measured, in the unit; finite.
        unit: Its unit, such as "dBTP"; "" for a plain number.
        minimum: The least that passes; None for no limit.
        maximum: The most that passes; None for no limit.
        at_seconds: Where in a video or in audio it was found; None for all of it.
    """

    name: str
    value: float
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    at_seconds: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the value is within the range."""
        return (self.minimum is None or self.value >= self.minimum) and (
            self.maximum is None or self.value <= self.maximum
        )

    def __str__(self) -> str:
        """Return what was measured and what was asked, in words."""
        unit = f" {self.unit}" if self.unit else ""
        place = f" at {self.at_seconds:.2f} s" if self.at_seconds is not None else ""
        digits = self._find_digits()
        return f"{self.name} {_show(self.value, digits)}{unit}{place}{self._describe_range(digits)}"

    def _describe_range(self, digits: int) -> str:
        low, high = (_show(limit, digits) if limit is not None else None for limit in (self.minimum, self.maximum))
        if low is not None and high is not None:
            return f" (expected {low})" if self.minimum == self.maximum else f" (expected {low} to {high})"
        if low is not None:
            return f" (expected at least {low})"
        return f" (expected at most {high})" if high is not None else ""

    def _find_digits(self) -> int:
        """Return how many digits to show: four, or as many as show why a measure did not pass."""
        more = range(_DIGITS, _MOST_DIGITS if not self.passed else _DIGITS)
        return next((digits for digits in more if not self._round(digits).passed), more.stop)

    def _round(self, digits: int) -> Measure:
        low, high = (round(limit, digits) if limit is not None else None for limit in (self.minimum, self.maximum))
        return replace(self, value=round(self.value, digits), minimum=low, maximum=high)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the measure as plain JSON."""
        measured = round(self.value, max(6, self._find_digits()))
        row: dict[str, JsonValue] = {"name": self.name, "measured": measured, "unit": self.unit}
        row |= {"minimum": self.minimum, "maximum": self.maximum, "passed": self.passed}
        return row | ({"at_seconds": self.at_seconds} if self.at_seconds is not None else {})


def give_verdict(ctx: Context, check: str, measures: Sequence[Measure], on_fail: OnFail) -> JsonValue:
    """Return the verdict of a check as plain JSON, for an output named `verdict`; warn or fail if it did not pass.

    A batch finds the verdicts of an item in outputs of this name: it holds the item, or tries another seed. The record
    has `check`, `passed`, `on_fail`, `sentence` and `measures`, a list of mappings with `name`, `measured`, `unit`,
    `minimum`, `maximum`, `passed` and perhaps `at_seconds`.

    Args:
        ctx: The node's context.
        check: Id of the node type, such as "check.loudness".
        measures: What was measured; the check passes if all are within their ranges.
        on_fail: What happens otherwise.

    Raises:
        StudioError: E325 if the check did not pass and `on_fail` is "fail".
    """
    failed = [measure for measure in measures if not measure.passed]
    sentence = "; ".join(map(str, failed or measures))
    if failed and on_fail == "fail":
        hint = 'correct what it checks, or set on_fail to "warn" or "hold"'
        raise StudioError(CHECK_FAILED, f"{check} did not pass: {sentence}", hint=hint)
    if failed:
        ctx.log(f"{check} did not pass: {sentence}")
    return {
        "check": check,
        "passed": not failed,
        "on_fail": on_fail,
        "sentence": sentence,
        "measures": [measure.to_json() for measure in measures],
    }


def is_verdict(name: str, spec: TypeSpec) -> bool:
    """Say whether an output of this name and type holds verdicts."""
    return name == VERDICT and spec.name == "json"


def list_verdicts(value: Any) -> list[Mapping[str, Any]]:
    """Return the verdicts in the value of an output: one, or those of a list; nothing else counts."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, Mapping) and "check" in one and isinstance(one.get("passed"), bool)]


def _show(value: float, digits: int) -> str:
    """Return a number with at most so many digits after the point."""
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if value != int(value) else str(int(value))
