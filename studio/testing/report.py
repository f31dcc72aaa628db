"""`Report`: the checks of `check_node_type`, and their results."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """The checks of a node type.

    Attributes:
        node_type: Its id.
        checks: The checks, in order.
    """

    node_type: str
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

    def __str__(self) -> str:
        lines = [
            f"{self.node_type}: {len(self.passed)} checks passed, {len(self.failed)} failed, "
            f"{len(self.skipped)} skipped"
        ]
        lines += [f"  failed   {check}" for check in self.failed]
        lines += [f"  skipped  {check}" for check in self.skipped]
        lines += [f"  passed   {', '.join(self.passed)}"] * bool(self.passed)
        return "\n".join(lines)
