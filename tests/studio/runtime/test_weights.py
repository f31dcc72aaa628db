"""Weights on disk: the files that count, refused when they are unsafe, damaged or incomplete."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from fake_models import write_weights
from safetensors.numpy import save_file

from studio.errors import ModelError
from studio.runtime.weights import (
    Inspector,
    compare_digests,
    digest_files,
    find_files,
    hash_bytes,
    read_components,
    stamp,
    write_digest_list,
)


def get_problem(path: Path) -> ModelError:
    """Return what is wrong with weights."""
    with pytest.raises(ModelError) as caught:
        Inspector().check(path)
    return caught.value


def digest(path: Path) -> str:
    """Return the digest of all files that count."""
    return digest_files(find_files(path), hash_bytes)


def test_a_folder_that_is_linked_into_a_model_counts(pipeline: Path, tmp_path: Path) -> None:
    (pipeline / "vae").rename(tmp_path / "shared")
    (pipeline / "vae").symlink_to(tmp_path / "shared")
    before = digest(pipeline)

    write_weights(tmp_path / "shared" / "model.safetensors", 9)

    assert digest(pipeline) != before


def test_a_link_to_a_file_of_another_kind_is_refused(pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("{}", encoding="utf-8")
    (pipeline / "vae" / "config.json").unlink()
    (pipeline / "vae" / "config.json").symlink_to(tmp_path / "secret")

    problem = get_problem(pipeline)

    assert (problem.code, "vae/config.json" in problem.message) == ("E605", True)


def test_links_in_a_circle_end(pipeline: Path) -> None:
    (pipeline / "vae" / "again").symlink_to(pipeline)

    assert len(find_files(pipeline)) == 5


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".PKL"])
def test_a_pickle_is_refused_with_how_to_convert_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    path.write_bytes(b"x")

    problem = get_problem(path)

    assert problem.code == "E604"
    assert "python -c" in problem.hint


def test_a_folder_with_pickles_alone_is_refused(pipeline: Path) -> None:
    for file in pipeline.rglob("*.safetensors"):
        file.rename(file.with_suffix(".bin"))

    assert get_problem(pipeline).code == "E604"


def test_a_component_with_a_pickle_alone_is_refused(pipeline: Path) -> None:
    file = pipeline / "vae" / "model.safetensors"
    file.rename(file.with_suffix(".bin"))

    problem = get_problem(pipeline)

    assert (problem.code, str(pipeline / "vae") in problem.where) == ("E604", True)


def test_a_pickle_beside_safetensors_is_left_alone(pipeline: Path) -> None:
    (pipeline / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"x")

    Inspector().check(pipeline)


@pytest.mark.parametrize(("content", "good"), [(b"GGUF" + b"\0" * 20, True), (b"GGUF", False), (b"abc" * 20, False)])
def test_a_gguf_file_is_known_by_its_beginning(tmp_path: Path, content: bytes, good: bool) -> None:
    path = tmp_path / "net.gguf"
    path.write_bytes(content)

    if good:
        Inspector().check(path)
    else:
        assert get_problem(path).code == "E605"


@pytest.mark.parametrize("missing", ["vae", "vae/model.safetensors"])
def test_a_folder_that_is_not_whole_is_told(pipeline: Path, missing: str) -> None:
    import shutil

    path = pipeline / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    problem = get_problem(pipeline)

    assert (problem.code, "'vae'" in problem.message) == ("E605", True)


def test_a_missing_shard_is_told(pipeline: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model.safetensors"}}
    (pipeline / "vae" / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")

    assert "'model-00001-of-00002.safetensors' is missing" in get_problem(pipeline).message


def test_an_index_that_is_no_json_is_told(pipeline: Path) -> None:
    (pipeline / "model_index.json").write_text("{", encoding="utf-8")

    assert get_problem(pipeline).code == "E605"


def test_a_folder_of_anything_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.runtime import weights as module

    monkeypatch.setattr(module, "_MAX_FILES", 3)
    (tmp_path / "many").mkdir()
    for index in range(5):
        (tmp_path / "many" / f"{index}.json").write_text("{}", encoding="utf-8")

    assert "more than 3 files" in get_problem(tmp_path / "many").message


def test_what_changes_no_result_does_not_count(pipeline: Path, tmp_path: Path) -> None:
    before = digest(pipeline)
    for name in ("README.md", "LICENSE.txt", "sample.png", ".cache/x.json", ".hidden", "run.py", "vae/old.bin"):
        (pipeline / name).parent.mkdir(exist_ok=True)
        (pipeline / name).write_bytes(b"x")
    moved = pipeline.rename(tmp_path / "moved")

    assert digest(moved) == before


def test_a_file_is_the_only_one_that_counts(weights: Path) -> None:
    assert find_files(weights) == {weights.name: weights}


def test_files_count_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b/x.json", "a.json", "b.json", "Z.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")

    assert list(find_files(tmp_path)) == ["Z.json", "a.json", "b.json", "b/x.json"]


def test_a_digest_keeps_names_and_contents_apart(tmp_path: Path) -> None:
    names = {"a": tmp_path / "1", "b": tmp_path / "2"}
    digests = {"1": "x", "2": "y"}

    found = {
        digest_files(files, lambda path: digests[path.name])
        for files in (names, {"a": names["b"], "b": names["a"]}, {"a": names["a"]}, {"ax": names["a"]})
    }

    assert len(found) == 4


def test_a_list_of_digests_finds_what_changed_what_is_missing_and_what_is_new(pipeline: Path) -> None:
    assert compare_digests(pipeline) is None
    listed = write_digest_list(pipeline).read_text(encoding="utf-8").splitlines()
    assert len(listed) == 5
    assert listed[0] == f"{hash_bytes(pipeline / 'model_index.json')}  model_index.json"
    assert compare_digests(pipeline) == []

    (pipeline / "vae" / "config.json").unlink()
    (pipeline / "unet" / "config.json").write_text("{}", encoding="utf-8")
    (pipeline / "extra.json").write_text("{}", encoding="utf-8")

    assert compare_digests(pipeline) == ["extra.json", "unet/config.json", "vae/config.json"]


def test_what_was_checked_is_checked_again_only_if_it_changed(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.runtime import weights as module

    read: list[str] = []
    original = module.read_header
    monkeypatch.setattr(module, "read_header", lambda path: (read.append(path.parent.name), original(path))[1])
    inspector = Inspector()
    inspector.check(pipeline)
    inspector.check(pipeline)
    assert read == ["unet", "vae"]

    write_weights(pipeline / "vae" / "model.safetensors", 1, 2)
    inspector.check(pipeline)

    assert read == ["unet", "vae", "vae"]


def test_a_stamp_changes_with_size_time_and_file(weights: Path) -> None:
    os.utime(weights, ns=(0, 10))
    stamps = [stamp(weights)]
    os.utime(weights, ns=(0, 11))
    stamps.append(stamp(weights))
    weights.write_bytes(weights.read_bytes() + b"x")
    os.utime(weights, ns=(0, 11))
    stamps.append(stamp(weights))
    copy = weights.with_suffix(".copy")
    copy.write_bytes(weights.read_bytes())
    os.utime(copy, ns=(0, 11))
    copy.replace(weights)
    stamps.append(stamp(weights))

    assert len(set(stamps)) == 4


def test_memory_is_estimated_by_the_type_that_floats_are_loaded_as(weights: Path) -> None:
    save_file({"f": np.zeros(100, np.float16), "i": np.zeros(10, np.int64)}, weights)

    assert Inspector().estimate(weights, "float32") == 100 * 4 + 80
    assert Inspector().estimate(weights, "bfloat16") == 100 * 2 + 80


def test_a_single_file_beside_the_folders_is_not_counted_twice(pipeline: Path) -> None:
    write_weights(pipeline / "all.safetensors", 1, size=1000)

    assert Inspector().estimate(pipeline, "float32") == 2 * 4 * 4


def test_a_component_without_a_network_needs_no_weights(pipeline: Path) -> None:
    index = json.loads((pipeline / "model_index.json").read_text(encoding="utf-8"))
    for name in ("tokenizer", "text_encoder"):
        (pipeline / name).mkdir()
        (pipeline / name / "config.json").write_text("{}", encoding="utf-8")
    (pipeline / "model_index.json").write_text(json.dumps({**index, "tokenizer": ["t", "Tokenizer"]}), encoding="utf-8")
    Inspector().check(pipeline)

    (pipeline / "model_index.json").write_text(
        json.dumps({**index, "text_encoder": ["t", "Encoder"]}), encoding="utf-8"
    )

    assert "'text_encoder'" in get_problem(pipeline).message
    assert "no weights" in get_problem(pipeline).message


def test_components_are_those_that_an_index_gives_a_class(pipeline: Path, weights: Path) -> None:
    assert read_components(pipeline) == {"unet": "FakeUnet", "vae": "FakeVae"}
    assert read_components(weights.parent) == {}
