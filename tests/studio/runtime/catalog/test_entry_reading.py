"""The file of a catalog entry, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import ModelError
from studio.runtime.catalog.entry import Part, Use
from studio.runtime.catalog.entry_reading import read_entry

HEAD = 'title = "Ink"\ndescription = "Draws."\nfamily = "ink"\nlicense = "MIT"\nauthor = "Ada"\n'
PART = '{ name = "ink.bin", origin = "pip:ink==1.0", path = "ink/a.bin", bytes = 4, sha256 = "' + "ab" * 32 + '" }'
SOURCE = f"[[sources]]\nparts = [{PART}]\n"


def write(folder: Path, text: str, name: str = "ink.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_entry_is_named_by_its_file(tmp_path: Path) -> None:
    entry = read_entry(write(tmp_path, HEAD + SOURCE, "ink-v1.5.toml"))

    assert (entry.name, entry.status, entry.bytes, entry.sources[0].kind) == ("ink-v1.5", "tested", 4, "pip")
    assert entry.sources[0].parts == (Part("ink.bin", "pip:ink==1.0", "ink/a.bin", 4, "ab" * 32),)


def test_an_entry_without_digests_is_untested(tmp_path: Path) -> None:
    source = '[[sources]]\nhub = "ada/ink@main"\n[[sources]]\nparts = [{ name = "a", origin = "file" }]\n'

    entry = read_entry(write(tmp_path, HEAD + source))

    assert (entry.status, entry.bytes, [one.kind for one in entry.sources]) == ("untested", 0, ["hub", "file"])


def test_a_use_lists_the_values_of_other_inputs(tmp_path: Path) -> None:
    uses = 'uses = [{ node = "a.b", input = "model", when = { look = "crisp", size = [1, 2] } }]\n'

    entry = read_entry(write(tmp_path, HEAD + uses + SOURCE))

    assert entry.uses == (Use("a.b", "model", when={"look": ("crisp",), "size": (1, 2)}),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace("title", "titel") + SOURCE, "unknown key titel (did you mean 'title'?)"),
        (HEAD.replace('author = "Ada"\n', "") + SOURCE, "missing author"),
        (HEAD.replace('"MIT"', "3") + SOURCE, "invalid license = '3' (expected a text)"),
        (HEAD + "sources = []\n", "sources is empty"),
        (HEAD + "[[sources]]\n", "sources.0 needs hub or parts, and not both"),
        (HEAD + '[[sources]]\nhub = "ink"\n', "invalid sources.0.hub 'ink' (expected OWNER/NAME@REVISION)"),
        (HEAD + SOURCE.replace("pip:ink==1.0", "pip:ink"), "invalid sources.0.parts.0.origin 'pip:ink'"),
        (HEAD + SOURCE.replace("pip:ink==1.0", "pip:--index-url==1"), "invalid sources.0.parts.0.origin"),
        (HEAD + SOURCE.replace("pip:", "https://"), "invalid sources.0.parts.0.origin"),
        (HEAD + SOURCE.replace('"ink.bin"', '"../ink.bin"'), "invalid sources.0.parts.0.name '../ink.bin'"),
        (HEAD + SOURCE.replace('"ink.bin"', '"/ink.bin"'), "invalid sources.0.parts.0.name '/ink.bin'"),
        (HEAD + SOURCE.replace('"ink/a.bin"', '"ink/../../a"'), "invalid sources.0.parts.0.path 'ink/../../a'"),
        (HEAD + SOURCE.replace("abab", "xyz"), "expected a SHA-256 of 64 hexadecimal digits"),
        (HEAD + SOURCE.replace("bytes = 4", "bytes = -4"), "invalid sources.0.parts.0.bytes = '-4' (expected a count)"),
        (HEAD + 'weights = "../a"\n' + SOURCE, "invalid weights '../a'"),
        ("title = ", "invalid catalog entry 'ink.toml'"),
    ],
)
def test_an_invalid_entry_says_what_is_wrong_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_entry(write(tmp_path, text))

    assert caught.value.code == "E605"
    assert message in caught.value.message
    assert caught.value.where == str(tmp_path / "ink.toml")


def test_an_entry_that_is_no_text_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "ink.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ModelError, match=r"invalid catalog entry 'ink\.toml'"):
        read_entry(tmp_path / "ink.toml")
