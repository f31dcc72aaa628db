"""The hub cache: offline unless somebody pulls; pulling from a hub on this machine that fails as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import COMMIT, FakeHub
from fake_models import write_pipeline

from studio.api import Model
from studio.cache.digest import hash_file
from studio.errors import ModelError
from studio.runtime.hub import Hub, offline
from studio.runtime.library import Library

MODEL = Model("hub:ada/net")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FakeHub]:
    """A hub with a model, and with files that nobody should fetch."""
    folder = write_pipeline(tmp_path / "served", unet=1, vae=2)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    for name in (
        "pipeline.py",
        "vae/diffusion_pytorch_model.bin",
        "flax/x.safetensors",
        "sample.png",
        ".gitattributes",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    with FakeHub.serve_folder("ada/net", folder) as hub:
        yield hub


@pytest.fixture
def hub(tmp_path: Path, served: FakeHub) -> Hub:
    """The cache of that hub."""
    return Hub(tmp_path / "hub", tmp_path / "marks", served.url)


def create_library(hub: Hub, *, download: bool = False) -> Library:
    """Return a library with that cache."""
    return Library({}, lambda path: hash_file(path).hex(), hub=hub, download=download)


def get_problem(hub: Hub, model: Model = MODEL) -> ModelError:
    """Return why a pull fails."""
    with pytest.raises(ModelError) as caught:
        create_library(hub).pull(model)
    return caught.value


def test_nothing_reaches_the_network_unasked(hub: Hub, served: FakeHub) -> None:
    with pytest.raises(ModelError, match="studio models pull hub:ada/net") as caught:
        create_library(hub).find_path(MODEL)

    assert caught.value.code == "E602"
    assert served.asked == []


def test_a_pull_fetches_what_is_safe_and_needed(hub: Hub, served: FakeHub) -> None:
    library = create_library(hub)
    path = library.pull(MODEL)

    names = {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()}
    assert names == {
        "README.md",
        "model_index.json",
        "unet/config.json",
        "unet/model.safetensors",
        "vae/config.json",
        "vae/model.safetensors",
    }
    assert library.find_path(MODEL) == library.find_path(Model(f"hub:ada/net@{COMMIT}")) == path
    assert library.describe(MODEL).license == "mit"


def test_what_was_pulled_has_the_digest_of_the_same_files_elsewhere(hub: Hub, tmp_path: Path) -> None:
    library = create_library(hub)
    library.pull(MODEL)

    assert library.digest(MODEL) == library.digest(Model(f"file:{write_pipeline(tmp_path / 'same', unet=1, vae=2)}"))


def test_with_download_a_missing_model_is_fetched_once(hub: Hub, served: FakeHub) -> None:
    library = create_library(hub, download=True)
    library.find_path(MODEL)
    count = len(served.asked)
    library.find_path(MODEL)

    assert len(served.asked) == count > 0


@pytest.mark.parametrize("target", ["ada/net@v9", "ada/net@refs/pr/9"])
def test_a_revision_that_is_not_there_is_told(hub: Hub, target: str) -> None:
    problem = get_problem(hub, Model(f"hub:{target}"))

    assert (problem.code, target.partition("@")[2] in problem.message) == ("E608", True)


def test_a_repository_that_is_not_there_is_told(hub: Hub) -> None:
    assert get_problem(hub, Model("hub:ada/nosuch")).code == "E608"


def test_terms_that_were_not_accepted_are_told(hub: Hub, served: FakeHub) -> None:
    served.gated = True

    problem = get_problem(hub)

    assert (problem.code, "hf auth login" in problem.hint) == ("E607", True)


def test_a_network_that_is_not_there_is_told(tmp_path: Path) -> None:
    problem = get_problem(Hub(tmp_path / "hub", None, "http://127.0.0.1:9"))

    assert (problem.code, "studio models pull hub:ada/net" in problem.hint) == ("E607", True)


def test_the_users_own_offline_switch_is_respected(hub: Hub, served: FakeHub) -> None:
    with offline():
        problem = get_problem(hub)

    assert "HF_HUB_OFFLINE" in problem.hint
    assert served.asked == []


def test_a_pull_that_broke_off_is_no_model_until_it_went_on(
    hub: Hub, served: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.file_download as library_module

    monkeypatch.setattr(library_module.time, "sleep", lambda seconds: None)
    served.files["vae/model.safetensors"] = served.files["unet/model.safetensors"]
    served.cut = {"vae/model.safetensors", "unet/model.safetensors"}
    assert get_problem(hub).code == "E607"
    with pytest.raises(ModelError, match="only partly"):
        create_library(hub).find_path(MODEL)

    served.cut = set()
    create_library(hub).pull(MODEL)

    assert create_library(hub).find_path(MODEL)


def test_a_disk_that_is_too_small_is_told_before_the_download(
    hub: Hub, served: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from studio.runtime import hub as module

    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=10))

    assert "0.0 GiB are free" in get_problem(hub).message
    assert not any("resolve" in path for path in served.asked)


def test_a_repository_with_pickles_alone_is_refused_before_the_download(hub: Hub, served: FakeHub) -> None:
    served.files = {"config.json": b"{}", "pytorch_model.bin": b"x"}

    assert get_problem(hub).code == "E604"
    assert not any("resolve" in path for path in served.asked)


def test_verifying_finds_the_file_whose_bytes_changed(hub: Hub) -> None:
    library = create_library(hub)
    path = library.pull(MODEL)
    assert library.verify(MODEL).status == "good"

    for name in ("vae/model.safetensors", "vae/config.json"):
        content = bytearray((path / name).read_bytes())
        content[-1] ^= 1
        (path / name).resolve().write_bytes(content)

    assert library.verify(MODEL).files == ["vae/config.json", "vae/model.safetensors"]


def test_removing_frees_what_the_snapshot_held_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    library = create_library(hub)
    path = library.pull(MODEL)
    size = sum(p.stat().st_size for p in (path.parent.parent / "blobs").iterdir())
    (hub.folder / "models--ada--other" / "snapshots" / COMMIT).mkdir(parents=True)

    freed = library.remove(MODEL)

    assert freed >= size
    assert [p.name for p in hub.folder.glob("models--*")] == ["models--ada--other"]
    with pytest.raises(ModelError, match="E602"):
        library.remove(MODEL)


def test_removing_keeps_blobs_that_another_commit_shows(hub: Hub) -> None:
    library = create_library(hub)
    path = library.pull(MODEL)
    other = path.with_name("f" * 40)
    (other / "vae").mkdir(parents=True)
    (other / "vae" / "model.safetensors").symlink_to((path / "vae" / "model.safetensors").resolve())

    library.remove(MODEL)

    assert (other / "vae" / "model.safetensors").read_bytes()


def test_what_is_in_the_cache_is_listed(hub: Hub) -> None:
    library = create_library(hub)
    library.pull(MODEL)

    assert [row.reference for row in library.list_models()] == ["hub:ada/net@main"]
