"""docs/plugin_api.md lists the plugin contract, name by name."""

from __future__ import annotations

from tests.docs.contract import PAGE, create_page


def test_the_page_lists_the_contract_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == create_page(), "write it anew with: python -m tests.docs.contract"
