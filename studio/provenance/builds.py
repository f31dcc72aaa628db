"""Builds of distributions, as manifests and ledgers record them: read, and compared in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Builds = Mapping[str, Mapping[str, str]]
"""By the distribution's name: its "version", and what names its files: "record", "code", "archive"."""

_FILES = ("archive", "record", "code")


def parse_builds(row: Any) -> Builds:
    """Return recorded builds; what is no such record is left out."""
    if not isinstance(row, dict):
        return {}
    return {
        str(name): {str(key): value for key, value in build.items() if isinstance(value, str)}
        for name, build in row.items()
        if isinstance(build, dict)
    }


def compare_builds(then: Builds, now: Builds, words: tuple[str, str] = ("then", "now")) -> list[str]:
    """Return in words in which distributions two environments differ; none if the same builds are in both.

    Args:
        then: The builds that made a file; names that it lacks are not compared.
        now: The others.
        words: What the two are called.
    """
    return list(_compare(then, now, *words))


def describe_build(build: Mapping[str, str], other: Mapping[str, str]) -> str:
    """Return a build as text, with what tells it from another one of the same version; "" for none."""
    version = build.get("version", "")
    if version != other.get("version"):
        return version
    kinds = sorted((kind for kind in _FILES if build.get(kind) != other.get(kind)), key=lambda kind: kind not in other)
    kinds = [kind for kind in kinds if kind in build]
    return f"{version} ({kinds[0]} {build[kinds[0]].removeprefix('sha256:')[:12]})" if kinds else version


def _compare(then: Builds, now: Builds, first: str, second: str) -> Iterator[str]:
    for name, before in sorted(then.items()):
        after, version = now.get(name), before.get("version", "")
        if after is None:
            yield f"{name} {version} {first}, not installed {second}"
        elif version != after.get("version", ""):
            yield f"{name} {version} {first}, {after.get('version', '')} {second}"
        elif differs := _find_difference(before, after, first, second):
            yield f"{name} {version}: {differs}"


def _find_difference(before: Mapping[str, str], after: Mapping[str, str], first: str, second: str) -> str:
    """Return in what two builds of one version differ, or ""."""
    if ("code" in before) != ("code" in after):
        places = ("from sources", "from a wheel") if "code" in before else ("from a wheel", "from sources")
        return f"{places[0]} {first}, {places[1]} {second}"
    known = [kind for kind in _FILES if kind in before and kind in after]
    if all(before[kind] == after[kind] for kind in known):
        return ""
    return f"other code {first}" if "code" in before else f"another build of this version {first}"


def count_builds(known: Iterable[Builds], now: Builds) -> Counter[tuple[str, ...]]:
    """Count files by the ways in which the builds that made them differ from those that are installed.

    Args:
        known: The builds that made each file.
        now: What is installed.
    """
    found: dict[int, tuple[str, ...]] = {}  # files of one run share their builds
    counted: Counter[tuple[str, ...]] = Counter()
    for builds in known:
        if id(builds) not in found:
            found[id(builds)] = tuple(compare_builds(builds, now))
        counted[found[id(builds)]] += 1
    return counted
