"""`Digests`: inputs count by content, weights by what is in their files, and what has no digest equals nothing."""

from __future__ import annotations

from pathlib import Path

from fake_models import ModelPlugin, open_model_studio, write_weights
from fakes import Blob, open_studio

from studio.api import Model
from studio.execution.digests import is_undigested, join_digests, name_undigested


def test_a_value_without_digest_gets_another_name_each_time(tmp_path: Path) -> None:
    with open_studio(tmp_path, on_disk=False) as studio:
        digests = studio.executor.services.digests
        blob = Blob()
        names = {digests.digest(blob), digests.digest(blob), digests.digest([blob])}

    assert len(names) == 3
    assert all(map(is_undigested, names))


def test_a_list_of_digests_is_undigested_if_one_of_them_is() -> None:
    name = name_undigested()

    assert join_digests(["1" * 64, name]) == name
    assert not is_undigested(join_digests(["1" * 64]))


def test_weights_count_by_content_also_inside_a_list(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    model = Model(f"file:{path}")
    with open_studio(tmp_path / "cache") as studio:
        found = []
        for content in (1.0, 2.0):
            write_weights(path, content)
            found.append([studio.executor.services.digests.digest(value) for value in (model, [model], [[model]])])

    assert all(first != second for first, second in zip(*found, strict=True))


def test_defaults_have_the_digests_of_their_values(tmp_path: Path) -> None:
    with open_studio(tmp_path, on_disk=False) as studio:
        node_type = studio.registry.node_types["fake.add"]
        defaults = studio.executor.services.digests.find_defaults(node_type)

        assert defaults == {"b": (studio.cache.digest(1), 1)}


def test_a_default_model_is_digested_again_each_time_and_not_at_all_if_another_is_given(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "net.safetensors", 1)
    with open_model_studio(tmp_path / "cache", ModelPlugin({"net": path})) as studio:
        digests, node_type = studio.executor.services.digests, studio.registry.node_types["net.use"]
        before = digests.find_defaults(node_type)["model"]
        write_weights(path, 3)
        after = digests.find_defaults(node_type)["model"]
        path.unlink()
        without = digests.find_defaults(node_type, {"model"})

    assert before != after
    assert "model" not in without
