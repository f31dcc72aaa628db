"""Verdicts of the checks of an item: in short for the ledger, whether they hold the item back, and other seeds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor
from typing import Any

from blake3 import blake3

from studio.api import Field, Input
from studio.api.verdict import CHECK_FAILED, list_verdicts
from studio.errors import NodeError, UsageError

Verdict = Mapping[str, Any]
"""What a ledger has of the verdicts of one node, see `summarize_verdicts`."""

_LONGEST_SENTENCE = 300
_LARGEST_SEED = 2**32 - 1
_INDEX = re.compile(r"\[(\d+)\]")  # of a copy of a mapped graph, as in "each[3]/checked"
_AFTER = "did not pass: "


def summarize_verdicts(found: Mapping[str, Sequence[Any]], errors: Iterable[NodeError]) -> list[dict[str, Any]]:
    """Return for each check of an item: `node`, `check`, `passed`, `on_fail`, `sentence`, and how many `verdicts`.

    A node that is mapped, or in a graph that is mapped, is one check; its sentence is that of the first verdict
    that did not pass.

    Args:
        found: What the outputs named `verdict` hold, by node.
        errors: Why nodes failed.
    """
    copies = [(node, [one for value in values for one in list_verdicts(value)]) for node, values in found.items()]
    copies += [(error.node, [_describe_failure(error)]) for error in errors if error.code == CHECK_FAILED]
    checks = dict[str, list[Verdict]]()
    for node, verdicts in sorted(copies, key=lambda copy: [int(part) for part in _INDEX.findall(copy[0])]):
        checks.setdefault(_INDEX.sub("", node), []).extend(verdicts)
    rows = []
    for node, verdicts in checks.items():
        if verdicts:
            shown = next((one for one in verdicts if not one["passed"]), verdicts[0])
            rows.append(_create_row(node, shown) | {"verdicts": len(verdicts)})
    return rows


def _describe_failure(error: NodeError) -> Verdict:
    """Return the verdict of a check that failed its node."""
    check, _, sentence = error.message.rpartition(_AFTER)
    return {
        "check": check.split()[-1] if check else "",
        "passed": False,
        "on_fail": "fail",
        "sentence": sentence,
    }


def _create_row(node: str, verdict: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "node": node,
        "check": str(verdict["check"]),
        "passed": verdict["passed"],
        "on_fail": str(verdict.get("on_fail", "warn")),
        "sentence": str(verdict.get("sentence", ""))[:_LONGEST_SENTENCE],
    }


def have_passed(rows: Iterable[Verdict]) -> bool:
    """Say whether all checks passed."""
    return all(row["passed"] for row in rows)


def are_held(rows: Iterable[Verdict]) -> bool:
    """Say whether a check that did not pass holds its item."""
    return any(row["on_fail"] == "hold" and not row["passed"] for row in rows)


def describe_failures(stored: Any) -> str:
    """Return the checks that did not pass, those that hold the item first: their node, their name and what they say.

    Args:
        stored: The verdicts as the ledger has them; one from elsewhere may have anything there.
    """
    rows = [row for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []
    failed = sorted((row for row in rows if not row.get("passed")), key=lambda row: row.get("on_fail") != "hold")
    return "; ".join(": ".join(str(row.get(part, "")) for part in ("node", "check", "sentence")) for row in failed)


def check_reseed(reseed: int, name: str, inputs: Mapping[str, Input]) -> None:
    """Raise UsageError E749 if other seeds are asked for and no input takes them."""
    if reseed and (name not in inputs or inputs[name].spec.name != "int" or inputs[name].spec.depth):
        message = f"the graph has no input {name!r} of a whole number to reseed"
        raise UsageError("E749", message, where="--reseed", hint="name the input with --seed-input")


def derive_seed(seed: int, number: int, end: Input) -> int:
    """Return the seed of a further try, which depends on the item's own seed and the number of the try alone.

    Args:
        seed: The item's own seed.
        number: Which try, from 1 for the first further one.
        end: The input that takes it: the seed is within its limits.
    """
    limits = end.spec.limits or Field()
    high = floor(limits.le) if limits.le is not None else _LARGEST_SEED
    low = ceil(limits.ge) if limits.ge is not None else min(0, high)
    high = high if limits.le is not None else max(high, low)
    digest = int.from_bytes(blake3(f"{seed} {number}".encode()).digest(8))
    return low + digest % max(high - low + 1, 1)
