"""Reads the content credentials of a file, whoever signed it, into plain words; a hostile file ends in words too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from studio.provenance.credentials.claim import RECORD, SOFT_BINDING
from studio.provenance.credentials.formats import find_content_format, is_beside, name_sidecar
from studio.provenance.credentials.library import load_c2pa

_LARGEST_FILE = 16 << 30
_LARGEST_SIDECAR = 64 << 20
_LARGEST_ANSWER = 32 << 20
_MOST_NODES = 200
_LONGEST_TEXT = 120
_HEAD = 1 << 20
_MARKS = (b"c2pa", b"C2PA", b"jumb")

_CONTENT_CODES = ("assertion.dataHash.mismatch", "assertion.bmffHash.mismatch", "assertion.boxesHash.mismatch",
                  "assertion.collectionHash.mismatch", "assertion.boxesHash.unknownBox")  # fmt: skip
_WORDS = {
    "claimSignature.mismatch": "the signature does not fit what it signs",
    "claimSignature.missing": "the signature is missing",
    "claimSignature.outsideValidity": "it was signed while the certificate was not valid",
    "signingCredential.expired": "the certificate has expired, and no time stamp says when it was signed",
    "signingCredential.invalid": "the certificate is not fit for signing",
    "signingCredential.revoked": "the certificate was revoked",
    "assertion.hashedURI.mismatch": "a statement in the credentials was changed",
    "assertion.missing": "a statement in the credentials is missing",
    "assertion.undeclared": "a statement was added to the credentials",
    "assertion.action.malformed": "the list of actions is malformed",
    "algorithm.unsupported": "they use an unsupported algorithm",
    "claim.missing": "the claim is missing",
    "claim.multiple": "there are several claims",
    "ingredient.claimSignature.mismatch": "the credentials of a file that it was made from were changed",
    "ingredient.manifest.mismatch": "the credentials of a file that it was made from were changed",
}
_CHANGED = "it was changed after it was signed"
_UNTRUSTED = "signingCredential.untrusted"


class CredentialState(StrEnum):
    """What a check of credentials finds."""

    TRUSTED = "trusted"
    """Valid, and an authority that the user trusts vouches for the signer."""
    UNTRUSTED = "untrusted"
    """Valid, and nobody whom the user trusts says who the signer is."""
    CHANGED = "changed"
    """The signature is genuine, and the file was changed after it."""
    INVALID = "invalid"
    """The credentials themselves do not hold."""
    UNREADABLE = "unreadable"
    UNCHECKED = "unchecked"
    """There are some, and the extra that reads them is not installed."""


@dataclass(frozen=True)
class ChainEntry:
    """A file in the history of another, as the credentials tell it.

    Attributes:
        title: Its name.
        relation: What it was for the one that was made from it: "parent", "part" or "input"; "" for the file itself.
        signer: Who signed it, or "" if nobody did.
        software: What made it.
        actions: What was done, in order.
        depth: How many steps back, from 0.
        problem: What is wrong with its credentials, or "".
    """

    title: str
    relation: str = ""
    signer: str = ""
    software: str = ""
    actions: tuple[str, ...] = ()
    depth: int = 0
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {**self.__dict__, "actions": list(self.actions)}


@dataclass(frozen=True)
class Credentials:
    """The content credentials of a file.

    Attributes:
        state: What the check found.
        signer: Who signed, or "".
        is_trusted: Whether an authority that the user trusts vouches for the signer.
        serial: Serial number of the signer's certificate in decimal digits, or "".
        time: When it was signed, as a time-stamp authority says, or "".
        software: What made the file.
        problems: What is wrong, in plain words.
        chain: The file and those that it was made from.
        assertions: Labels of what is stated.
        record: The JSON text of Studio's record, or "".
        is_beside: Whether they are in a file beside it.
    """

    state: CredentialState
    signer: str = ""
    is_trusted: bool = False
    serial: str = ""
    time: str = ""
    software: str = ""
    problems: tuple[str, ...] = ()
    chain: tuple[ChainEntry, ...] = ()
    assertions: tuple[str, ...] = ()
    record: str = ""
    is_beside: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether the file is as it was signed."""
        return self.state in (CredentialState.TRUSTED, CredentialState.UNTRUSTED)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON, without the record."""
        return {
            "state": self.state,
            "signer": self.signer,
            "trusted": self.is_trusted,
            "time": self.time,
            "software": self.software,
            "problems": list(self.problems),
            "assertions": list(self.assertions),
            "beside": self.is_beside,
        }


class CredentialReader:
    """Reads credentials.

    Args:
        anchors: Authorities that the user trusts, as PEM text.

    Raises:
        UsageError: E770 if the extra is not installed.
    """

    def __init__(self, anchors: str = "") -> None:
        self._c2pa = load_c2pa()
        options: dict[str, Any] = {
            "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        }
        if anchors:
            options["trust"] = {"user_anchors": anchors}
        self._context = self._c2pa.Context.from_dict(options)

    def read(self, path: Path) -> Credentials | None:
        """Return the credentials of a file, in it or beside it; None if it has none."""
        if not may_have_credentials(path):
            return None
        sidecar = name_sidecar(path)
        has_sidecar = is_beside(path) and sidecar.is_file()
        try:
            if path.stat().st_size > _LARGEST_FILE or (has_sidecar and sidecar.stat().st_size > _LARGEST_SIDECAR):
                return _refuse("the file is too large to check")
            text = self._read_text(path, sidecar if has_sidecar else None)
        except self._c2pa.C2paError as error:
            if _is_absent(error):
                return None
            return _refuse(f"the credentials are damaged ({_shorten(str(error))})", is_beside=has_sidecar)
        except OSError as error:
            return _refuse((error.strerror or str(error)).lower())
        if text is None:
            return None
        try:
            if len(text) > _LARGEST_ANSWER:
                return _refuse("the credentials are too large")
            return _parse(json.loads(text), is_beside=has_sidecar)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return _refuse("the credentials are malformed", is_beside=has_sidecar)

    def read_kept(self, path: Path, manifest: bytes, mark: str) -> Credentials | None:
        """Return credentials that were kept apart from a file which lost them; None if they do not name its mark.

        The file has other bytes than the one that was signed, so that those which hold have the state "changed".

        Args:
            path: The file, which has a mark.
            manifest: The credentials.
            mark: The number of the mark.
        """
        try:
            with path.open("rb") as source:
                media_type = find_content_format(path) or "application/octet-stream"
                with self._c2pa.Reader(media_type, source, manifest, context=self._context) as reader:
                    store = json.loads(reader.json())
            return _parse(store, is_beside=True) if _has_mark(store, mark) else None
        except (self._c2pa.C2paError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def _read_text(self, path: Path, sidecar: Path | None) -> str | None:
        known = find_content_format(path)
        media_type = known or "application/octet-stream"
        with path.open("rb") as source:
            if sidecar is not None:
                with self._c2pa.Reader(media_type, source, sidecar.read_bytes(), context=self._context) as reader:
                    return str(reader.json())
            if is_beside(path) or not known:
                return None
            with self._c2pa.Reader(media_type, source, context=self._context) as reader:
                return str(reader.json())


def may_have_credentials(path: Path) -> bool:
    """Return whether a file has credentials beside it, or bytes that may be some; it parses nothing."""
    try:
        if is_beside(path) and name_sidecar(path).is_file():
            return True
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if any(mark in head for mark in _MARKS):
                return True
            file.seek(max(path.stat().st_size - _HEAD, len(head)))
            tail = file.read(_HEAD)
    except OSError:
        return False
    return any(mark in tail for mark in _MARKS)


def _refuse(problem: str, *, is_beside: bool = False) -> Credentials:
    return Credentials(CredentialState.UNREADABLE, problems=(problem,), is_beside=is_beside)


def _is_absent(error: Exception) -> bool:
    return "ManifestNotFound" in str(error) or type(error).__name__.endswith("ManifestNotFound")


def _parse(store: Mapping[str, Any], *, is_beside: bool) -> Credentials | None:
    manifests = dict(store.get("manifests") or {})
    active = manifests.get(store.get("active_manifest"))
    if not isinstance(active, dict):
        return _refuse("the credentials have no active manifest", is_beside=is_beside)
    signature = dict(active.get("signature_info") or {})
    codes = _list_codes(store, "failure")
    state = _find_state(str(store.get("validation_state", "")), codes)
    words = dict.fromkeys(_WORDS.get(code, code) for code in codes if code not in (_UNTRUSTED, *_CONTENT_CODES))
    return Credentials(
        state,
        signer=_shorten(str(signature.get("common_name") or signature.get("issuer") or "")),
        is_trusted="signingCredential.trusted" in _list_codes(store, "success"),
        serial=str(signature.get("cert_serial_number") or ""),
        time=_shorten(str(signature.get("time") or "")),
        software=_find_software(active),
        problems=tuple(_shorten(word) for word in words),
        chain=tuple(_list_chain(manifests, str(store["active_manifest"]))),
        assertions=tuple(_shorten(str(one.get("label"))) for one in active.get("assertions") or ()),
        record=_find_record(active),
        is_beside=is_beside,
    )


def _list_codes(store: Mapping[str, Any], kind: str) -> list[str]:
    """Return the codes of what was found of the credentials of the file itself: "success" or "failure"."""
    results = dict(store.get("validation_results") or {}).get("activeManifest") or {}
    return list(dict.fromkeys(str(one.get("code", "")) for one in results.get(kind) or ()))


def _find_state(state: str, codes: list[str]) -> CredentialState:
    if state == "Trusted":
        return CredentialState.TRUSTED
    if state == "Valid":
        return CredentialState.UNTRUSTED
    others = [code for code in codes if code not in (_UNTRUSTED, *_CONTENT_CODES)]
    has_changed = any(code in _CONTENT_CODES for code in codes)
    return CredentialState.CHANGED if has_changed and not others else CredentialState.INVALID


class _Place(NamedTuple):
    """A manifest on the way back: its label, how the one before names it, and what was found of it then."""

    label: str
    title: str = ""
    relation: str = ""
    depth: int = 0
    above: frozenset[str] = frozenset()
    problem: str = ""


def _list_chain(manifests: Mapping[str, Any], label: str) -> Iterator[ChainEntry]:
    """Yield a file and those that it was made from, depth first; a manifest that refers to itself ends there."""
    stack = [_Place(label)]
    count = 0
    while stack and count < _MOST_NODES:
        place = stack.pop()
        count += 1
        manifest = manifests.get(place.label)
        if not isinstance(manifest, dict) or place.label in place.above:
            problem = _say_lost(place) if place.label else place.problem
            yield ChainEntry(_shorten(place.title), place.relation, depth=place.depth, problem=problem)
            continue
        signature = dict(manifest.get("signature_info") or {})
        yield ChainEntry(
            _shorten(str(manifest.get("title") or place.title)),
            place.relation,
            _shorten(str(signature.get("common_name") or signature.get("issuer") or "")),
            _find_software(manifest),
            tuple(_list_actions(manifest)),
            place.depth,
            place.problem,
        )
        stack += [_follow(one, place) for one in reversed(list(manifest.get("ingredients") or ()))]


def _follow(ingredient: Mapping[str, Any], place: _Place) -> _Place:
    """Return where a file is on the way back that another was made from."""
    relation = {"parentOf": "parent", "componentOf": "part"}.get(str(ingredient.get("relationship")), "input")
    codes = [code for code in _list_codes(ingredient, "failure") if code != _UNTRUSTED]
    words = [_CHANGED if code in _CONTENT_CODES else _WORDS.get(code, code) for code in codes]
    return _Place(
        str(ingredient.get("active_manifest") or ""),
        str(ingredient.get("title") or ""),
        relation,
        place.depth + 1,
        place.above | {place.label},
        _shorten("; ".join(dict.fromkeys(words))),
    )


def _say_lost(place: _Place) -> str:
    return "it is said to be made from itself" if place.label in place.above else "its credentials are missing"


def _list_actions(manifest: Mapping[str, Any]) -> Iterator[str]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in list(dict(assertion.get("data") or {}).get("actions") or ())[:_MOST_NODES]:
                name = str(action.get("action", "")).removeprefix("c2pa.")
                detail = action.get("description")
                yield _shorten(f"{name} ({detail})" if detail else name)


def _find_software(manifest: Mapping[str, Any]) -> str:
    info = next(iter(manifest.get("claim_generator_info") or ()), None) or {}
    name = str(info.get("name") or manifest.get("claim_generator") or "")
    version = info.get("version")
    return _shorten(f"{name} {version}" if version else name)


def _has_mark(store: Mapping[str, Any], mark: str) -> bool:
    """Return whether credentials say that a mark is in the content."""
    manifest = store["manifests"][store["active_manifest"]]
    bound = [one["data"] for one in manifest.get("assertions") or () if one.get("label") == SOFT_BINDING]
    return any(block.get("value") == mark for data in bound for block in data.get("blocks") or ())


def _find_record(manifest: Mapping[str, Any]) -> str:
    for assertion in manifest.get("assertions") or ():
        if assertion.get("label") == RECORD:
            return str(dict(assertion.get("data") or {}).get("text", ""))
    return ""


def _shorten(text: str) -> str:
    """Return a text of a stranger on one line, without what a terminal would obey."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= _LONGEST_TEXT else f"{plain[: _LONGEST_TEXT - 3]}..."
