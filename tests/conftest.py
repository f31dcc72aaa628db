"""What holds for every test: no settings of the developer, a home of its own, a source tree that stays clean."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a change is judged by the same examples each time; `make test-all` looks for others
settings.register_profile("random", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("studio", settings.get_profile("random"), derandomize=True)
settings.load_profile("studio")

_OF_THE_DEVELOPER = ("STUDIO_", "XDG_", "HF_", "TRANSFORMERS_", "AWS_", "RAY_", "ESPEAK_")
_MANY_MODULES = 50
_FROZEN = pytest.StashKey[int]()  # how many modules there were when objects were frozen
_OF_A_TERMINAL = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "TTY_COMPATIBLE")

# `from tests...` and `from fakes ...` work; last, so that an installed Studio is not hidden by the sources beside the
# tests, and those before this folder, which has a `studio` of its own
sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parent)]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail if a test is skipped")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let skipped tests fail the session where none may be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and session.config.getoption("no_skips") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables of slow tests."""
    from tests.tables import format_tables

    done = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    for line in format_tables(each for report in done for each in getattr(report, "user_properties", ())):
        terminalreporter.write_line(line)


def pytest_configure(config: pytest.Config) -> None:
    """Forget the settings of whoever runs the tests, and give the tests an empty home."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name in list(os.environ):
        if name.startswith(_OF_THE_DEVELOPER) or name in _OF_A_TERMINAL:
            patch.delenv(name)
    home = tempfile.mkdtemp(prefix="studio-tests-home-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    patch.setenv("HOME", home)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the garbage collector from looking through all tests again and again: that took 40 % of their time."""
    _freeze(session.config)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Do the same for libraries that the tests of a module imported, such as torch."""
    is_last = nextitem is not None and nextitem.path != item.path
    if is_last and len(sys.modules) > item.config.stash[_FROZEN] + _MANY_MODULES:
        _freeze(item.config)


@pytest.fixture(autouse=True)
def _leave_nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget what a test leaves in this process, as tests run in any order.

    Its secrets would be hidden in all that comes later. A plugin that it wrote and that stayed imported would be taken
    for that of a later test, which may have the same name.
    """
    from studio import redaction

    known, short, modules = set(redaction._known), set(redaction._short), set(sys.modules)
    yield
    redaction._known, redaction._short = known, short
    folder = str(tmp_path_factory.getbasetemp())
    for name in set(sys.modules) - modules:
        module = sys.modules.get(name)  # a thread of the test may end just now
        if str(getattr(module, "__dict__", {}).get("__file__")).startswith(folder):
            sys.modules.pop(name, None)


def _freeze(config: pytest.Config) -> None:
    gc.collect()
    gc.freeze()
    config.stash[_FROZEN] = len(sys.modules)
