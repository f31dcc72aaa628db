"""What a plugin's distribution requires, and whether this environment has it: `Requires-Dist`, as pip reads it."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from studio.api import API_VERSION
from studio.api.hooks import PROJECT
from studio.errors import PluginError
from studio.version import VERSION

if TYPE_CHECKING:
    from packaging.requirements import Requirement

RequirementState = Literal["ok", "missing", "unfit", "invalid"]

NEED = "studio_api"
"""Attribute of a plugin that says which version of the plugin contract it is written for."""


@dataclass(frozen=True)
class RequirementRow:
    """One requirement of a plugin.

    Attributes:
        requirement: As its metadata writes it, without the marker.
        installed: The installed version, or "".
        state: "ok", "missing", "unfit" (another version is installed) or "invalid" (not a requirement).
    """

    requirement: str
    installed: str
    state: RequirementState


def list_requirements(distribution: Any, extras: Collection[str] = ()) -> list[RequirementRow]:
    """Return what a distribution requires here, with the state of each.

    Markers decide what applies. What only an extra requires counts if the extra is asked for: by these names, or by
    another requirement such as `numpy[dev]`.

    Args:
        distribution: A distribution of `importlib.metadata`.
        extras: Extras of the distribution that are asked for.
    """
    return list(dict.fromkeys(_list_rows(distribution, frozenset(extras), set())))


def check_requirements(distribution: Any, extras: Collection[str] = ()) -> None:
    """Check that this environment has what a distribution requires.

    Args:
        distribution: A distribution of `importlib.metadata`; one of Studio's own needs no check, since its plugins
            import what they need when they use it.
        extras: Extras of the distribution that are asked for.

    Raises:
        PluginError: E209 that names all that is missing or of an unfit version.
    """
    if distribution is None or distribution.name == PROJECT:
        return
    _check_python(distribution)
    if not distribution.requires:
        return
    unmet = [row for row in list_requirements(distribution, extras) if row.state != "ok"]
    if unmet:
        install = " ".join(f"'{row.requirement}'" for row in unmet if row.state != "invalid")
        raise PluginError(
            "E209",
            "; ".join(map(_describe, unmet)),
            hint=f"pip install {install}" if install else f"report it to the authors of {distribution.name}",
        )


def _check_python(distribution: Any) -> None:
    wanted = distribution.metadata.get("Requires-Python")
    if not wanted:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    running = platform.python_version()
    try:
        fits = SpecifierSet(wanted).contains(running, prereleases=True)
    except InvalidSpecifier:
        return
    if not fits:
        message = f"it needs Python {wanted}; this is Python {running}"
        raise PluginError("E209", message, hint="install it and Studio into an environment of that Python")


def check_contract(plugin: Any) -> None:
    """Check that this Studio has the version of the plugin contract that a plugin asks for in `studio_api`.

    Raises:
        PluginError: E209 if it has not, E206 if the attribute is not a version such as "1.0".
    """
    wanted = getattr(plugin, NEED, None)
    if wanted is None:
        return
    where = getattr(plugin, "__file__", None) or ""
    numbers = str(wanted).split(".") if isinstance(wanted, str) else []
    if len(numbers) != 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        hint = f'write {NEED} = "{API_VERSION}"'
        raise PluginError(
            "E206", f"{NEED} = {wanted!r} is not a version of the plugin contract", where=where, hint=hint
        )
    major, minor = map(int, numbers)
    own_major, own_minor = map(int, API_VERSION.split("."))
    if major < own_major:
        message = f"it is written for version {wanted} of the plugin contract; this Studio has {API_VERSION}"
        raise PluginError("E209", message, where=where, hint="install a newer version of the plugin")
    if (major, minor) > (own_major, own_minor):
        message = f"it needs version {wanted} of the plugin contract; this is Studio {VERSION} with {API_VERSION}"
        raise PluginError("E209", message, where=where, hint="install a newer Studio")


def _list_rows(distribution: Any, extras: frozenset[str], seen: set[tuple[str, str]]) -> Iterator[RequirementRow]:
    """Yield a row for each requirement that applies, and for those of the extras that they ask for."""
    from packaging.requirements import InvalidRequirement, Requirement

    for text in distribution.requires or ():
        try:
            found = Requirement(text)
        except InvalidRequirement:
            yield RequirementRow(text, "", "invalid")
            continue
        if not _applies(found, extras):
            continue
        row, other = _look_up(found)
        yield row
        new = {(found.name.lower(), extra) for extra in found.extras} - seen
        if other is not None and new:
            seen |= new
            yield from _list_extra_rows(other, frozenset(extra for _, extra in new), seen)


def _list_extra_rows(distribution: Any, extras: frozenset[str], seen: set[tuple[str, str]]) -> Iterator[RequirementRow]:
    """Yield rows for what only these extras of a distribution require."""
    plain = set(_list_rows(distribution, frozenset(), set(seen)))
    yield from (row for row in _list_rows(distribution, extras, seen) if row not in plain)


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _look_up(requirement: Requirement) -> tuple[RequirementRow, Any]:
    """Return the row of a requirement, and the distribution that is installed, or None."""
    from packaging.version import InvalidVersion

    text = str(requirement).partition(";")[0].strip()
    try:
        distribution = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return RequirementRow(text, "", "missing"), None
    version = VERSION if requirement.name.lower() == PROJECT else distribution.version
    try:
        fits = requirement.specifier.contains(version, prereleases=True)
    except InvalidVersion:  # not a version that can be compared
        fits = True
    return RequirementRow(text, version, "ok" if fits else "unfit"), distribution


def _describe(row: RequirementRow) -> str:
    if row.state == "invalid":
        return f"invalid requirement {row.requirement!r}"
    if row.state == "missing":
        return f"it needs {_name_need(row.requirement)}, which is not installed"
    return f"it needs {_name_need(row.requirement)}; {row.installed} is installed"


def _name_need(text: str) -> str:
    """Return a requirement in words: "Studio 0.3 or newer" for "studio>=0.3"."""
    from packaging.requirements import Requirement

    found = Requirement(text)
    name = "Studio" if found.name.lower() == PROJECT else found.name
    bounds = list(found.specifier)
    if len(bounds) == 1 and bounds[0].operator == ">=":
        return f"{name} {bounds[0].version} or newer"
    return f"{name}{found.specifier}" if bounds else name
