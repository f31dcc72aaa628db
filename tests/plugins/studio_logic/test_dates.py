"""Dates written as text."""

from __future__ import annotations

import pytest

from studio.api import StudioError
from studio_logic.dates import check_pattern, format_date

ALL = "%Y %y %m %-m %B %b %d %-d %A %a %H %-H %I %-I %M %S %p %j %V %G %%"


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-03-04T09:05:07", "2026 26 03 3 March Mar 04 4 Wednesday Wed 09 9 09 9 05 07 AM 063 10 2026 %"),
        ("2024-12-30T00:00Z", "2024 24 12 12 December Dec 30 30 Monday Mon 00 0 12 12 00 00 AM 365 01 2025 %"),
        (" 20231231T125959 ", "2023 23 12 12 December Dec 31 31 Sunday Sun 12 12 12 12 59 59 PM 365 52 2023 %"),
        ("0001-01-01", "0001 01 01 1 January Jan 01 1 Monday Mon 00 0 12 12 00 00 AM 001 01 0001 %"),
    ],
)
def test_each_part_is_written(date: str, expected: str) -> None:
    assert format_date(date, ALL, 0) == expected


def test_days_are_added_over_the_ends_of_months_and_years() -> None:
    assert format_date("2024-02-28", "%-d %B %Y", 1) == "29 February 2024"
    assert format_date("2026-01-01T23:59", "%Y-%m-%d %H:%M", -1) == "2025-12-31 23:59"
    assert format_date("2026-03-14", "Süd {x} 100%%", 0) == "Süd {x} 100%"


@pytest.mark.parametrize(
    ("date", "days", "message"),
    [
        ("14.3.2026", 0, "invalid date '14.3.2026'"),
        ("2026-02-30", 0, "invalid date"),
        ("", 0, "invalid date ''"),
        ("now", 0, "invalid date"),
        ("9999-12-31", 1, "1 days from '9999-12-31' is outside the years 1 to 9999"),
        ("2026-01-01", -4_000_000, "outside the years"),
    ],
)
def test_what_is_not_a_date_is_refused(date: str, days: int, message: str) -> None:
    with pytest.raises(StudioError, match=message) as caught:
        format_date(date, "%Y", days)

    assert caught.value.code == "E321"


@pytest.mark.parametrize("pattern", ["%q", "%", "%-", "%-Y", "50%", "%%%", "%E"])
def test_an_unknown_part_is_refused_with_those_that_there_are(pattern: str) -> None:
    with pytest.raises(StudioError, match="unknown part '%") as caught:
        check_pattern(pattern)

    assert "%-d" in caught.value.hint
