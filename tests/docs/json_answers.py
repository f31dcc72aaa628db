"""The page of what commands answer with `--json`, and what a real answer has that it does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "json_answers.md"
SAME = {"rerun": "run", "models list-digests": "models write-digests"}
"""Commands that answer as another does."""
WITHOUT_KEYS = {"schema", "models write-digests"}
"""Commands that answer with a list of texts, or with a document that has a page of its own."""
_ROW = re.compile(r"\| `([^`]+)` \| (.*) \|")


def read_page() -> dict[str, dict[str, str]]:
    """Return the keys of each command with their meanings."""
    found: dict[str, dict[str, str]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        found[title] = dict(_ROW.findall(text))
    found["plugins show"] = {**found["plugins"], **found["plugins show"]}
    return found | {name: found[other] for name, other in SAME.items()}


def find_differences(keys: Mapping[str, str], data: Any) -> list[str]:
    """Return the keys that an answer has and the page has not, and those that the answer lacks.

    Args:
        keys: Keys with their meanings, as the page has them.
        data: What a command answered.
    """
    entries = data if isinstance(data, list) else [data]
    unlisted = {path for entry in entries for path in _walk(entry, "", keys)}
    missing = {
        key
        for entry in entries
        for key, meaning in keys.items()
        if not meaning.startswith("optional") and not _holds(entry, key.split("."))
    }
    return sorted(unlisted) + sorted(f"{key} is missing" for key in missing)


def _walk(value: Any, path: str, keys: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths below a value that no key covers: a key covers what is below it, if no key goes deeper."""
    if path in keys and not any(key.startswith((f"{path}.", f"{path}[")) for key in keys):
        return
    if isinstance(value, dict) and (value or not path):
        for name, inner in value.items():
            exact = f"{path}.{name}" if path else name
            yield from _walk(inner, exact if _is_begun(exact, keys) else f"{path}.*", keys)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, f"{path}[]", keys)
    elif not (value is None or value == {}) or not _is_begun(path, keys):
        yield path


def _is_begun(path: str, keys: Mapping[str, str]) -> bool:
    return any(key == path or key.startswith((f"{path}.", f"{path}[")) for key in keys)


def _holds(value: Any, steps: list[str]) -> bool:
    """Return whether a value has what a key says, in all entries of lists and under all names."""
    if not steps or value is None:
        return True
    name, rest = steps[0].removesuffix("[]"), steps[1:]
    if not isinstance(value, dict):
        return False
    if name != "*" and name not in value:
        return False
    inner = list(value.values()) if name == "*" else [value[name]]
    if steps[0].endswith("[]"):
        inner = [entry for one in inner for entry in one]
    return all(_holds(one, rest) for one in inner)
