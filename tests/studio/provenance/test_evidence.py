"""Evidence of plugins: what their functions find, and that one that fails leaves the others alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.api.evidence import Evidence
from studio.provenance.evidence import find_evidence, load_finders
from studio.settings import Settings

_PLUGIN = """
from studio.api import hookimpl
from studio.api.evidence import Evidence

def find(path):
    if path.read_bytes().startswith(b"marked"):
        yield Evidence("mark", "it has the mark 7", "strong", {"number": 7})

@hookimpl
def studio_evidence(home):
    return [find]
"""


def write_plugins(folder: Path, **sources: str) -> Settings:
    folder.mkdir()
    for name, source in sources.items():
        (folder / f"studio_{name}.py").write_text(source, encoding="utf-8")
    return Settings(plugins_dir=folder)


@pytest.mark.parametrize(("content", "found"), [(b"marked", ["it has the mark 7"]), (b"plain", [])])
def test_a_plugin_finds_evidence(tmp_path: Path, content: bytes, found: list[str]) -> None:
    settings = write_plugins(tmp_path / "plugins", finding=_PLUGIN)
    (tmp_path / "file.bin").write_bytes(content)
    problems: list[str] = []

    finders = [one for one in load_finders(settings, problems.append) if one[0] == "studio_finding"]
    evidence = find_evidence(tmp_path / "file.bin", finders, problems.append)

    assert ([one.statement for one in evidence], problems) == (found, [])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise ValueError('no')", "studio_evidence raised"),
        ("return [7]", "7 is not a function"),
        ("return [lambda path: ['a mark']]", "'a mark' is not Evidence"),
        ("return [lambda path: 1 / 0]", "ZeroDivisionError"),
    ],
)
def test_a_plugin_that_fails_is_reported_and_the_others_work(tmp_path: Path, body: str, problem: str) -> None:
    failing = f"from studio.api import hookimpl\n\n@hookimpl\ndef studio_evidence():\n    {body}\n"
    settings = write_plugins(tmp_path / "plugins", broken=failing, finding=_PLUGIN)
    (tmp_path / "file.bin").write_bytes(b"marked")
    problems: list[str] = []

    finders = [one for one in load_finders(settings, problems.append) if one[0] in ("studio_broken", "studio_finding")]
    evidence = find_evidence(tmp_path / "file.bin", finders, problems.append)

    assert [one.source for one in evidence] == ["mark"]
    assert len(problems) == 1
    assert "plugin 'studio_broken'" in problems[0]
    assert problem in problems[0]


@pytest.mark.parametrize("wrong", [{"source": ""}, {"statement": " "}, {"strength": "sure"}])
def test_evidence_needs_a_source_a_statement_and_a_known_strength(wrong: dict[str, str]) -> None:
    given = {"source": "mark", "statement": "it has a mark", "strength": "strong", **wrong}

    with pytest.raises(ValueError):
        Evidence(**given)  # type: ignore[arg-type]


def test_evidence_is_plain_json() -> None:
    evidence = Evidence("mark", "it has the mark 7", "strong", {"number": 7})

    assert json.loads(json.dumps(evidence.to_json())) == {
        "source": "mark",
        "statement": "it has the mark 7",
        "strength": "strong",
        "details": {"number": 7},
    }
