"""`JsonText`: a JSON document as it is written, changed by operations of a JSON Patch (RFC 6902).

What no operation names stays as it was written, letter by letter: spaces, order of keys, forms of numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.graph.json_pointer import split_pointer

Operation = Mapping[str, Any]
_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\]}]+')


@dataclass
class _Scalar:
    text: str

    def write(self) -> str:
        return self.text


@dataclass
class _Member:
    """An entry of an object or a list, with the spaces around it; `colon` is what is between key and value."""

    before: str
    key: str | None
    colon: str
    value: _Scalar | _Container
    after: str
    written_key: str = ""

    def write(self) -> str:
        key = self.written_key or ("" if self.key is None else _dump(self.key))
        return f"{self.before}{key}{self.colon}{self.value.write()}{self.after}"


@dataclass
class _Container:
    brackets: str
    members: list[_Member] = field(default_factory=list)
    space: str = ""

    def write(self) -> str:
        inner = ",".join(member.write() for member in self.members) if self.members else self.space
        return f"{self.brackets[0]}{inner}{self.brackets[1]}"

    def has(self, part: str) -> bool:
        """Say whether an object has a key; a list has room everywhere."""
        return self.brackets == "{}" and any(member.key == part for member in self.members)

    def find(self, part: str) -> int:
        """Return the place of a member by its key, or by its number in a list.

        Raises:
            LookupError: There is none.
        """
        if self.brackets == "[]":
            place = int(part) if part.isdecimal() else len(self.members)
            if place < len(self.members):
                return place
            raise LookupError(part)
        for place, member in enumerate(self.members):
            if member.key == part:
                return place
        raise LookupError(part)


class JsonText:
    """A JSON document as it is written.

    Args:
        text: Valid JSON.
    """

    def __init__(self, text: str) -> None:
        start = _skip(text, 0)
        self._root, end = _read(text, start)
        self._around = text[:start], text[end:]

    def write(self) -> str:
        """Return the document as text."""
        return f"{self._around[0]}{self._root.write()}{self._around[1]}"

    def apply(self, operations: Sequence[Operation]) -> bool:
        """Apply operations that do not depend on each other, all or none; return whether they fit the document.

        Args:
            operations: "test", "add", "remove", "replace" and "move" of RFC 6902. What "add" and "move" name must be
                free: nothing is overwritten.
        """
        try:
            for operation in operations:
                self._check(operation)
        except LookupError:
            return False
        for operation in operations:
            self._change(operation)
        return True

    def _check(self, operation: Operation) -> None:
        kind, path = operation["op"], split_pointer(operation["path"])
        if kind in ("add", "move") and self._find_parent(path).has(path[-1]):
            raise LookupError(operation["path"])
        if kind == "move":
            self._find(split_pointer(operation["from"]))
        if kind in ("test", "replace", "remove"):
            found = self._find(path)
            if kind == "test" and json.loads(found.write()) != operation["value"]:
                raise LookupError(operation["path"])

    def _change(self, operation: Operation) -> None:
        path = split_pointer(operation["path"])
        match operation["op"]:
            case "replace":
                self._replace(path, _Scalar(_dump(operation["value"])))
            case "add":
                self._add(path, _Scalar(_dump(operation["value"])))
            case "remove":
                self._remove(path)
            case "move":
                self._move(split_pointer(operation["from"]), path)

    def _find(self, path: Sequence[str]) -> _Scalar | _Container:
        node = self._root
        for part in path:
            if not isinstance(node, _Container):
                raise LookupError(part)
            node = node.members[node.find(part)].value
        return node

    def _find_parent(self, path: Sequence[str]) -> _Container:
        parent = self._find(path[:-1])
        if not isinstance(parent, _Container):
            raise LookupError(path[-1])
        return parent

    def _replace(self, path: Sequence[str], value: _Scalar) -> None:
        if not path:
            self._root = value
            return
        parent = self._find_parent(path)
        parent.members[parent.find(path[-1])].value = value

    def _add(self, path: Sequence[str], value: _Scalar | _Container) -> None:
        """Add a member, written as its neighbours are."""
        parent = self._find_parent(path)
        key = path[-1] if parent.brackets == "{}" else None
        members, place = parent.members, _choose_place(parent, path)
        if not members:
            members.append(_Member(parent.space, key, ": " * (key is not None), value, ""))
            return
        follows = place == len(members)
        model = members[place - 1 if follows else place]
        added = _Member(model.before, key, model.colon, value, "")
        if follows:
            added.after, model.after = model.after, ""
        if len(members) == 1 or place == 0:  # the first member of a line has no space before it
            second = added if follows else model
            second.before = second.before if "\n" in second.before else " "
        members.insert(place, added)

    def _remove(self, path: Sequence[str]) -> _Member:
        parent = self._find_parent(path)
        place = parent.find(path[-1])
        member = parent.members.pop(place)
        if place == len(parent.members) and place:
            parent.members[-1].after = member.after
        elif place == 0 and parent.members:
            parent.members[0].before = member.before
        return member

    def _move(self, origin: Sequence[str], path: Sequence[str]) -> None:
        if origin[:-1] == path[:-1] and (parent := self._find_parent(path)).brackets == "{}":
            member = parent.members[parent.find(origin[-1])]
            member.key, member.written_key = path[-1], ""
            return
        self._add(path, self._remove(origin).value)


def _choose_place(parent: _Container, path: Sequence[str]) -> int:
    keys = [member.key for member in parent.members]
    if path == ["studio"]:
        return 0
    if path[-1] == "version" and "type" in keys:
        return keys.index("type") + 1
    if parent.brackets == "[]" and path[-1].isdecimal():
        return min(int(path[-1]), len(keys))
    return len(keys)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _skip(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    assert found is not None
    return found.end()


def _read(text: str, start: int) -> tuple[_Scalar | _Container, int]:
    """Return the value that begins at a place, and the place after it."""
    if text[start] in "{[":
        return _read_container(text, start)
    scalar = _read_scalar(text, start)
    return scalar, start + len(scalar.text)


def _read_scalar(text: str, start: int) -> _Scalar:
    found = _SCALAR.match(text, start)
    assert found is not None
    return _Scalar(found.group())


def _read_container(text: str, start: int) -> tuple[_Container, int]:
    container = _Container("{}" if text[start] == "{" else "[]")
    place = start + 1
    end = _skip(text, place)
    if text[end] == container.brackets[1]:
        container.space = text[place:end]
        return container, end + 1
    while True:
        member, place = _read_member(text, place, is_object=container.brackets == "{}")
        container.members.append(member)
        place += 1
        if text[place - 1] == container.brackets[1]:
            return container, place


def _read_member(text: str, start: int, *, is_object: bool) -> tuple[_Member, int]:
    place = _skip(text, start)
    before, key, written, colon = text[start:place], None, "", ""
    if is_object:
        written = _read_scalar(text, place).text
        key, end = json.loads(written), place + len(written)
        place = _skip(text, _skip(text, end) + 1)
        colon = text[end:place]
    value, end = _read(text, place)
    place = _skip(text, end)
    return _Member(before, key, colon, value, text[end:place], written), place
