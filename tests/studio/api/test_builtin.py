"""The value types that Studio brings."""

from __future__ import annotations

from studio.api.builtin import create_builtin_value_types


def test_the_builtin_value_types_have_names_and_marked_classes() -> None:
    types = create_builtin_value_types()

    assert [t.name for t in types] == ["image", "mask", "audio", "video", "latent", "conditioning"]
    assert [getattr(t.python, "studio_type", None) for t in types] == [t.name for t in types]
