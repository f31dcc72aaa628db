"""`requires`: the distributions that a graph needs, with version ranges as pip writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studio.errors import Finding
from studio.graph.json_pointer import escape

_BEGINS = (">=", ">", "==", "~=", "===")
"""The operators of ranges that have a beginning."""


def check_requires(
    requires: Mapping[str, str],
    installed: Mapping[str, str],
    find_failure: Callable[[str], str | None] = lambda name: None,
) -> list[Finding]:
    """Return a finding for each requirement that what is installed does not meet.

    Args:
        requires: Version ranges, by the names of distributions.
        installed: Versions of the distributions whose plugins work.
        find_failure: Returns what keeps a plugin from being used, "is disabled: ...", or None.
    """
    if not requires:
        return []
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.utils import canonicalize_name

    versions = {canonicalize_name(name): version for name, version in installed.items()}
    findings = []
    for name, wanted in requires.items():
        where = f"/requires/{escape(name)}"
        version = versions.get(canonicalize_name(name))
        try:
            allowed = SpecifierSet(wanted)
        except InvalidSpecifier:
            findings.append(
                Finding(
                    "E124",
                    where,
                    f"{wanted!r} is not a version range",
                    "a range such as >=0.1,<2",
                    wanted,
                    "write it as pip does",
                )
            )
            continue
        failure = find_failure(name) if version is None else None
        if failure is not None:
            message, hint = f"plugin {name!r} {failure}", "see `studio plugins`"
            findings.append(Finding("E123", where, message, "a plugin that works", name, hint))
        elif version is None:
            findings.append(
                Finding(
                    "E123",
                    where,
                    f"{name!r} is not installed",
                    f"{name} {wanted}",
                    "nothing",
                    f"pip install '{name}{wanted}'",
                )
            )
        elif not _is_local(version) and not allowed.contains(version, prereleases=True):
            findings.append(
                Finding(
                    "E124",
                    where,
                    f"{name} {version} is installed",
                    f"{name} {wanted}",
                    version,
                    f"pip install '{name}{wanted}'",
                )
            )
    return findings


def raise_requires(requires: Mapping[str, str], needed: Mapping[str, str]) -> dict[str, str]:
    """Return version ranges that begin at the versions that are needed, or later.

    Args:
        requires: Version ranges, by the names of distributions.
        needed: Versions by the names of distributions; plugins of a folder have none, and need none.
    """
    from packaging.specifiers import SpecifierSet
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    names = {canonicalize_name(name): name for name in requires}
    raised = dict(requires)
    for distribution, version in sorted(needed.items()):
        if _is_local(version):
            continue
        floor = Version(".".join(map(str, Version(version).release[:2])))
        name = names.get(canonicalize_name(distribution), distribution)
        parts = list(SpecifierSet(raised.get(name, "")))
        if any(part.operator in _BEGINS and Version(part.version.removesuffix(".*")) >= floor for part in parts):
            continue
        kept = sorted(str(part) for part in parts if part.operator not in (">=", ">"))
        raised[name] = ",".join([f">={floor}", *kept])
    return raised


def _is_local(version: str) -> bool:
    """Say whether a plugin comes from a folder, so that it has no version to compare with a range."""
    return version == "local" or "+local" in version
