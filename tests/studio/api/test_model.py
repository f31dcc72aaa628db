"""References to weights: what is kept, refused, and taken apart."""

from __future__ import annotations

import pytest

from studio.api import Model, ModelError


@pytest.mark.parametrize("text", ["builtin:compact", "file:/a b/c.safetensors", "file:weights", "hub:owner/name",
                                  "hub:owner/name@main", "hub:o-1/n.2@refs/pr/3"])  # fmt: skip
def test_references_are_kept_as_they_are_written(text: str) -> None:
    assert str(Model(text)) == text
    assert Model.from_json(Model(text).to_json()) == Model(text)


@pytest.mark.parametrize(
    "text", ["", "compact", "file:", "builtin:", "builtin:a b", "hub:name", "http://x/y", "hub:a/b/c"]
)
def test_text_that_is_no_reference_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ModelError, match="E601") as caught:
        Model(text)
    assert "builtin:NAME" in caught.value.hint


def test_options_are_sorted_and_come_back_from_json() -> None:
    model = Model("builtin:x", (("b", 1), ("a", "half")))

    assert model == Model("builtin:x", (("a", "half"), ("b", 1)))
    assert Model.from_json(model.to_json()) == model
    assert hash(model) == hash(Model.from_json(model.to_json()))


def test_a_reference_is_taken_apart() -> None:
    model = Model("hub:owner/name@v1")

    assert (model.scheme, model.target) == ("hub", "owner/name@v1")
