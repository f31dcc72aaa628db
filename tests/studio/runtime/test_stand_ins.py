"""Stand-ins come late, and are never anything else than the module they stand for."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.runtime.stand_ins import (
    StandIn,
    create_class,
    create_function,
    create_shortcut,
    is_loaded,
    keep_stand_in,
    put_stand_ins,
)

CODE = """
from fruits.kinds import Fruit
def count(basket): return len(basket)
"""


@pytest.fixture(autouse=True)
def fruits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that can be imported: fruits with the modules kinds and baskets."""
    (tmp_path / "fruits").mkdir()
    (tmp_path / "fruits/__init__.py").write_text("__version__ = '3.1'\nname = 'fruits'\n")
    (tmp_path / "fruits/kinds.py").write_text("class Fruit: pass\n")
    (tmp_path / "fruits/baskets.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] == "fruits"]:
        del sys.modules[name]


def test_a_module_is_loaded_when_it_is_used() -> None:
    with put_stand_ins({"fruits": {}}):
        import fruits  # type: ignore[import-not-found]

    assert isinstance(fruits, StandIn)
    assert not is_loaded("fruits")

    assert fruits.name == "fruits"
    assert fruits.__version__ == "3.1"
    assert is_loaded("fruits")


def test_a_stand_in_is_gone_after_the_block() -> None:
    with put_stand_ins({"fruits": {}}):
        assert isinstance(sys.modules["fruits"], StandIn)
    import fruits

    assert not isinstance(fruits, StandIn)


def test_a_module_that_is_loaded_gets_no_stand_in() -> None:
    import fruits

    with put_stand_ins({"fruits": {}}):
        assert sys.modules["fruits"] is fruits
    assert sys.modules["fruits"] is fruits


def test_names_of_the_real_module_are_taken_from_it() -> None:
    with put_stand_ins({"fruits.baskets": {"count": create_function("fruits.baskets", "count")}}):
        from fruits.baskets import count  # type: ignore[import-not-found]

        assert not is_loaded("fruits.baskets")
        from fruits.baskets import Fruit

        assert is_loaded("fruits.baskets")

    assert Fruit.__module__ == "fruits.kinds"
    assert count([1, 2]) == 2


def test_a_name_that_the_real_module_lacks_is_an_import_error() -> None:
    with put_stand_ins({"fruits": {}}), pytest.raises(ImportError, match="cannot import name 'stone'"):
        from fruits import stone  # noqa: F401


def test_nothing_is_an_instance_of_a_class_that_is_not_loaded() -> None:
    fruit = create_class("fruits.kinds", "Fruit")

    assert not isinstance(object(), fruit)
    assert not is_loaded("fruits.kinds")

    from fruits.kinds import Fruit  # type: ignore[import-not-found]

    assert isinstance(Fruit(), fruit)
    assert isinstance(fruit(), Fruit)
    assert not isinstance(object(), fruit)


def test_a_shortcut_asks_the_real_function_for_what_it_does_not_know() -> None:
    count = create_shortcut("fruits.baskets", "count", lambda basket: 0 if basket == [] else None)

    assert count([]) == 0
    assert not is_loaded("fruits.baskets")
    assert count([1]) == 1
    assert is_loaded("fruits.baskets")


def test_a_kept_stand_in_is_an_attribute_of_its_package_until_it_is_used() -> None:
    import fruits

    keep_stand_in("fruits.kinds", {"sweet": True})

    assert fruits.kinds.sweet is True
    assert not is_loaded("fruits.kinds")
    assert fruits.kinds.Fruit.__name__ == "Fruit"
    assert is_loaded("fruits.kinds")
    assert not isinstance(fruits.kinds, StandIn)


def test_modules_below_a_stand_in_are_loaded_once() -> None:
    code = (
        "import sys\n"
        "from studio.runtime.lean_imports import install_lean_imports\n"
        "from studio.runtime.stand_ins import put_stand_ins\n"
        "install_lean_imports()\n"
        "with put_stand_ins({'xml': {}}):\n"
        "    import xml.dom.minidom\n"
        "    from xml.dom import Node\n"
        "assert xml.dom.minidom is sys.modules['xml.dom.minidom']\n"
        "assert issubclass(xml.dom.minidom.Node, Node), 'two modules xml.dom'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
