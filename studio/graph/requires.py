"""`requires`: the distributions that a graph needs, with version ranges as pip writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studio.errors import Finding
from studio.graph.json_pointer import escape


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


def _is_local(version: str) -> bool:
    """Say whether a plugin comes from a folder, so that it has no version to compare with a range."""
    return version == "local" or "+local" in version
