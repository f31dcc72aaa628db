"""`Report`: the checks of a node type, a value type, an opener or a plugin, and their results."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One check: its name, its status, and what to do, or why it was skipped."""

    name: str
    status: Status
    message: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.message else self.name


@dataclass
class Report:
    """The checks of something that a plugin provides.

    Attributes:
        subject: What was checked: the id of a node type, the name of a value type, ...
        checks: The checks, in order.
    """

    subject: str
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> list[str]:
        """The names of the checks that passed."""
        return [check.name for check in self.checks if check.status == "passed"]

    @property
    def failed(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.status == "failed"]

    @property
    def skipped(self) -> list[Check]:
        """The checks that do not apply to it, each with the reason."""
        return [check for check in self.checks if check.status == "skipped"]

    def add(self, name: str, problems: list[str]) -> bool:
        """Record a check with the problems it found; return whether there are none."""
        if not problems:
            self.checks.append(Check(name, "passed"))
        self.checks += [Check(name, "failed", problem) for problem in problems]
        return not problems

    def skip(self, name: str, reason: str) -> None:
        """Record a check that does not apply, and why."""
        self.checks.append(Check(name, "skipped", reason))

    def include(self, other: Report) -> None:
        """Add the checks of a part, under its name."""
        for check in other.checks:
            self.checks.append(replace(check, name=f"{other.subject}: {check.name}"))

    def require(self, where: str = "") -> None:
        """Raise an AssertionError that lists the checks that failed, if some did.

        Args:
            where: File and line of what was checked, if it has one.
        """
        __tracebackhide__ = True
        if self.failed:
            raise AssertionError(f"{self}\n({where})" if where else str(self))

    def __str__(self) -> str:
        lines = [
            f"{self.subject}: {len(self.passed)} checks passed, {len(self.failed)} failed, {len(self.skipped)} skipped"
        ]
        lines += [f"  failed   {check}" for check in self.failed]
        lines += [f"  skipped  {check}" for check in self.skipped]
        lines += [f"  passed   {', '.join(self.passed)}"] * bool(self.passed)
        return "\n".join(lines)
