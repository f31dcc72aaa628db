"""Models are found by reference, hashed by content, remembered, described and verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_models import create_library, write_weights

from studio.api import Model
from studio.cache.digest import hash_file
from studio.errors import ModelError
from studio.runtime.library import Library
from studio.runtime.weights import write_digest_list


def refer(path: Path, **options: Any) -> Model:
    """Return a reference to a path."""
    return Model(f"file:{path}", tuple(options.items()))


def get_problem(library: Library, model: Model) -> ModelError:
    """Return what is wrong with a model."""
    with pytest.raises(ModelError) as caught:
        library.find_path(model)
    return caught.value


def test_weights_are_found_by_name_and_by_path(library: Library, weights: Path) -> None:
    assert library.find_path(Model("builtin:net")) == library.find_path(refer(weights)) == weights


def test_a_path_may_begin_at_home(library: Library, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(weights.parent))

    assert library.find_path(Model("file:~/net.safetensors")) == weights


@pytest.mark.parametrize(
    ("reference", "word"),
    [
        ("builtin:other", "builtin:net"),
        ("file:/nowhere/x.safetensors", "check the path"),
        ("file:a\0b", "check the path"),
        ("local:other", "studio models add other PATH"),
        ("hub:a/b@v1", "studio models pull hub:a/b@v1"),
        ("hub:a/b@../../../etc", "studio models pull"),
    ],
)
def test_weights_that_are_not_there_are_told_with_what_to_type(library: Library, reference: str, word: str) -> None:
    problem = get_problem(library, Model(reference))

    assert problem.code == "E602"
    assert word in problem.hint


def test_missing_weights_of_the_catalog_are_fetched_by_its_name() -> None:
    library = Library({}, lambda path: "", catalog={"whisper-base"})

    assert get_problem(library, Model("local:whisper-base")).hint == "fetch it: studio models get whisper-base"


def test_a_name_that_was_added_leads_to_the_weights(library: Library, pipeline: Path, tmp_path: Path) -> None:
    assert library.add("mine", pipeline) == Model("local:mine")

    again = create_library(tmp_path)
    assert again.find_path(Model("local:mine")) == pipeline
    assert again.digest(Model("local:mine")) == library.digest(refer(pipeline))


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b"])
def test_what_is_no_name_is_refused(library: Library, weights: Path, name: str) -> None:
    with pytest.raises(ModelError, match="E609"):
        library.add(name, weights)


def test_a_name_is_given_once(library: Library, weights: Path) -> None:
    library.add("mine", weights)

    with pytest.raises(ModelError, match=r"E609.*duplicate"):
        library.add("mine", weights)


def test_what_is_no_weights_cannot_be_added(library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ModelError, match=r"E605.*no weights"):
        library.add("mine", tmp_path / "empty")


def test_removing_a_name_leaves_the_files(library: Library, weights: Path) -> None:
    library.add("mine", weights)

    assert library.remove(Model("local:mine")) == 0
    assert weights.exists()
    assert get_problem(library, Model("local:mine")).code == "E602"


@pytest.mark.parametrize("reference", ["builtin:net", "file:x"])
def test_what_is_not_studios_is_not_removed(library: Library, weights: Path, reference: str) -> None:
    with pytest.raises(ModelError, match="E609"):
        library.remove(Model(reference))
    assert weights.exists()


def test_the_digest_is_of_the_content(library: Library, weights: Path) -> None:
    before = library.digest(Model("builtin:net"))
    write_weights(weights, 2.0)

    assert before != library.digest(Model("builtin:net"))


def test_the_digest_of_a_folder_is_of_names_and_contents(library: Library, pipeline: Path) -> None:
    digests = [library.digest(refer(pipeline))]
    (pipeline / "vae" / "model.safetensors").rename(pipeline / "vae" / "other.safetensors")
    digests.append(library.digest(refer(pipeline)))
    write_weights(pipeline / "vae" / "other.safetensors", 9)
    digests.append(library.digest(refer(pipeline)))
    (pipeline / "vae" / "config.json").write_text("{}", encoding="utf-8")
    digests.append(library.digest(refer(pipeline)))

    assert len(set(digests)) == 4


def test_weights_that_load_options_name_count_by_content(library: Library, weights: Path, tmp_path: Path) -> None:
    base = write_weights(tmp_path / "base.safetensors", 1)
    digests = {library.digest(refer(weights)), library.digest(refer(weights, base=f"file:{base}"))}
    write_weights(base, 2)
    digests.add(library.digest(refer(weights, base=f"file:{base}")))

    assert len(digests) == 3


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path, pipeline: Path) -> None:
    import os

    read: list[Path] = []

    def digest_file(path: Path) -> str:
        read.append(path)
        return hash_file(path).hex()

    library = Library({}, digest_file)
    for file in pipeline.rglob("*.*"):
        os.utime(file, (1e9, 1e9))
    library.digest(refer(pipeline))
    count = len(read)
    library.digest(refer(pipeline))

    assert len(read) == count
    write_weights(pipeline / "vae" / "model.safetensors", 3)
    library.digest(refer(pipeline))
    assert len(read) > count


def test_every_kind_is_listed_also_what_is_broken(library: Library, weights: Path, tmp_path: Path) -> None:
    other = write_weights(tmp_path / "other.safetensors")
    library.add("gone", other)
    other.unlink()

    rows = {row.reference: row for row in library.list_models()}

    assert rows["builtin:net"].bytes == weights.stat().st_size
    assert rows["local:gone"].problem.startswith("E602")
    assert rows["local:gone"].path == str(other)


def test_verifying_reads_the_bytes_again_whatever_the_clock_says(library: Library, weights: Path) -> None:
    import os

    model = library.add("mine", weights)
    status = weights.stat()
    library.digest(model)
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert library.verify(model).status == "changed"
    assert library.verify(model, accept=True).status == "recorded"
    assert library.verify(model).status == "good"


def test_what_was_never_verified_is_recorded(library: Library) -> None:
    assert [library.verify(Model("builtin:net")).status for _ in range(2)] == ["recorded", "good"]


def test_weights_that_ship_are_compared_with_what_ships(tmp_path: Path, library: Library, weights: Path) -> None:
    write_digest_list(weights)

    assert library.verify(Model("builtin:net")).status == "good"

    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    verdict = library.verify(Model("builtin:net"))

    assert (verdict.status, verdict.files) == ("changed", [weights.name])


def test_new_weights_that_ship_after_an_upgrade_are_good(library: Library, weights: Path) -> None:
    write_digest_list(weights)
    library.verify(Model("builtin:net"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    write_digest_list(weights)

    assert library.verify(Model("builtin:net")).status == "good"


def test_a_damaged_list_of_digests_is_told(library: Library, weights: Path) -> None:
    write_digest_list(weights).write_text("hello  world\n", encoding="utf-8")

    with pytest.raises(ModelError, match="contains no digests"):
        library.verify(Model("builtin:net"))


def test_an_unknown_name_suggests_those_that_are_near(library: Library) -> None:
    with pytest.raises(ModelError) as caught:
        library.find_path(Model("builtin:nett"))

    assert caught.value.hint == "did you mean builtin:net?"


def test_a_name_that_is_like_no_other_shows_those_there_are(library: Library) -> None:
    assert get_problem(library, Model("builtin:xyzzy")).hint == "there are: builtin:net"


def test_a_library_without_a_folder_remembers_nothing(weights: Path) -> None:
    library = Library({}, lambda path: hash_file(path).hex())

    with pytest.raises(ModelError, match="STUDIO_MODELS_DIR"):
        library.add("mine", weights)
    assert library.list_models() == []


def test_a_model_that_is_described_has_the_digest_of_its_content(library: Library, pipeline: Path) -> None:
    found = library.describe(refer(pipeline))

    assert (found.reference, found.digest) == (f"file:{pipeline}", library.digest(refer(pipeline)))


def test_a_reference_in_a_load_option_is_settled_to_a_path(library: Library, weights: Path) -> None:
    model = Model("builtin:net", (("base", "builtin:net"), ("half", True), ("name", "not a reference")))

    assert library.settle(model).options == (("base", f"file:{weights}"), ("half", True), ("name", "not a reference"))


def test_weights_that_are_on_this_machine_are_found_without_a_complaint(library: Library, weights: Path) -> None:
    assert library.find_local(Model("builtin:net")) == weights
    assert library.find_local(Model("builtin:other")) is None
    assert library.find_local(Model("hub:a/b")) is None


def test_a_file_that_may_not_be_read_is_told(library: Library, weights: Path, file_modes_hold: None) -> None:
    weights.chmod(0)

    problem = get_problem(library, refer(weights))

    assert (problem.code, "permission denied" in problem.message) == ("E605", True)


def test_weights_that_a_plugin_names_and_does_not_contain_are_told_as_such(tmp_path: Path) -> None:
    library = create_library(tmp_path, small=tmp_path / "nowhere.safetensors")

    with pytest.raises(ModelError, match="E602 the weights of 'builtin:small' are missing: its plugin names") as caught:
        library.find_path(Model("builtin:small"))

    assert "install the plugin again" in caught.value.hint
