"""The hub cache: finding what is in it without the network, and pulling into it, which is the one way to the network.

The folder is that of the libraries of Hugging Face, so that what other programs fetched is found too:
`models--OWNER--NAME/refs/REVISION` holds a commit, `snapshots/COMMIT/` shows the files of a commit, and `blobs/`
has their bytes, named by SHA-256 (large files) or as git names them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import ModelError, find_text
from studio.runtime.hub_files import choose_files, choose_only

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Snapshot:
    """A commit of a repository in the hub cache."""

    repository: str
    commit: str
    path: Path
    names: tuple[str, ...]

    @property
    def reference(self) -> str:
        """A model reference to it: by branch or tag where there is one, else by commit."""
        return f"hub:{self.repository}@{self.names[0] if self.names else self.commit}"


class Hub:
    """The hub cache in a folder.

    Args:
        folder: The folder.
        marks: Where pulls that are not finished are noted; None for nowhere.
        endpoint: Address of the hub; None for the one that HF_ENDPOINT names, or the public one.
    """

    def __init__(self, folder: Path, marks: Path | None = None, endpoint: str | None = None) -> None:
        self.folder = folder
        self._marks = marks
        self._endpoint = endpoint

    def find_snapshot(self, target: str) -> Path | None:
        """Return the folder of `OWNER/NAME@REVISION`, or None if it is not in the cache, or not all of it."""
        repository, revision = split_target(target)
        path = self._find_folder(repository, revision)
        return None if path is None or self.is_partial(target) else path

    def is_partial(self, target: str) -> bool:
        """Say whether a pull was begun and not finished."""
        mark = self._find_mark(target)
        return mark is not None and mark.exists()

    def list_snapshots(self) -> list[Snapshot]:
        """Return what is in the cache, by repository."""
        found: list[Snapshot] = []
        for folder in sorted(self.folder.glob("models--*--*")):
            repository = folder.name.removeprefix("models--").replace("--", "/", 1)
            names: dict[str, list[str]] = {}
            for ref in sorted(p for p in folder.glob("refs/**/*") if p.is_file()):
                commit = ref.read_text(encoding="utf-8").strip()
                names.setdefault(commit, []).append(ref.relative_to(folder / "refs").as_posix())
            found += [
                Snapshot(repository, path.name, path, tuple(names.get(path.name, ())))
                for path in sorted(folder.glob("snapshots/*"))
                if path.is_dir()
            ]
        return found

    def pull(self, target: str, variant: str | None = None, only: Sequence[str] = ()) -> Path:
        """Fetch what is missing of `OWNER/NAME@REVISION`; return its folder.

        Only weights in safetensors or GGUF, configurations, tokenizers, the model card and the license are
        fetched; never a pickle, never code.

        Args:
            target: What to fetch.
            variant: Fetch these files, such as "fp16", where a part has them.
            only: Fetch these files alone, with the texts beside them; none of them may be a pickle.

        Raises:
            ModelError: E604 if there are only pickles, E607 if the hub or the disk refuses, E608 if the repository, the
                revision or the variant is unknown.
        """
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars

        if not sys.stderr.isatty():
            disable_progress_bars()
        repository, revision = split_target(target)
        with _explain(target), _online():
            info = HfApi(endpoint=self._endpoint, library_name="studio").model_info(
                repository, revision=revision, files_metadata=True, timeout=_TIMEOUT_SECONDS
            )
            sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
            chosen = choose_only(sizes, target, only) if only else choose_files(sizes, target, variant)
            self._check_room(target, sum(sizes[name] for name in chosen))
            self._mark(target, chosen)
            path = snapshot_download(
                repository,
                revision=revision,
                cache_dir=self.folder,
                endpoint=self._endpoint,
                allow_patterns=[_escape(name) for name in chosen],
                library_name="studio",
            )
        missing = [name for name in chosen if not (Path(path) / name).is_file()]
        if missing:
            raise ModelError(
                "E607",
                f"{missing[0]!r} of hub:{target} did not arrive",
                hint=f"continue with: studio models pull hub:{target}",
            )
        self._unmark(target)
        return Path(path)

    def verify(self, path: Path) -> list[str]:
        """Return the files of a snapshot whose bytes do not agree with the name that the hub gave them."""
        files = sorted(p for p in path.rglob("*") if p.is_file())
        bad = [file.relative_to(path).as_posix() for file in files if not _agrees_with_name(file)]
        bad += sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_symlink() and not p.exists())
        return bad

    def remove(self, target: str) -> int:
        """Remove a snapshot, and the blobs that no other snapshot shows; return how many bytes that freed."""
        repository, revision = split_target(target)
        folder = self._find_repository(repository)
        path = self._find_folder(repository, revision)
        self._unmark(target)
        freed = self._remove_snapshot(folder, path) if path is not None else 0
        if folder.is_dir() and not any(folder.glob("snapshots/*")):
            left = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]
            freed += sum(p.stat().st_size for p in left)
            shutil.rmtree(folder)
        return freed

    def _remove_snapshot(self, folder: Path, path: Path) -> int:
        others = {
            os.path.realpath(p) for p in folder.glob("snapshots/*/**/*") if p.is_file() and not p.is_relative_to(path)
        }
        own = os.path.realpath(folder) + os.sep
        freed = 0
        for file in {os.path.realpath(p) for p in path.rglob("*") if p.is_file()} - others:
            if file.startswith(own):
                freed += os.stat(file).st_size
                os.unlink(file)
        shutil.rmtree(path)
        for ref in [p for p in folder.glob("refs/**/*") if p.is_file()]:
            if ref.read_text(encoding="utf-8").strip() == path.name:
                ref.unlink()
        return freed

    def _find_repository(self, repository: str) -> Path:
        return self.folder / f"models--{repository.replace('/', '--')}"

    def _find_folder(self, repository: str, revision: str) -> Path | None:
        parts = revision.split("/")
        if ".." in parts or "" in parts or "." in parts:
            return None
        folder = self._find_repository(repository)
        commit = revision
        if not _COMMIT.fullmatch(revision):
            try:
                commit = (folder / "refs" / revision).read_text(encoding="utf-8").strip()
            except OSError:
                return None
        path = folder / "snapshots" / commit
        return path if _COMMIT.fullmatch(commit) and path.is_dir() else None

    def _check_room(self, target: str, wanted: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if wanted > free:
            raise ModelError(
                "E607",
                f"hub:{target} has {wanted / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free",
                where=str(self.folder),
                hint="free space, or name another folder with STUDIO_HUB_DIR",
            )

    def _find_mark(self, target: str) -> Path | None:
        repository, revision = split_target(target)
        name = f"{repository}@{revision}".replace("/", "--")
        return self._marks / f"{name}.json" if self._marks is not None else None

    def _mark(self, target: str, chosen: Iterable[str]) -> None:
        mark = self._find_mark(target)
        if mark is not None:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps(sorted(chosen)), encoding="utf-8")

    def _unmark(self, target: str) -> None:
        mark = self._find_mark(target)
        if mark is not None:
            mark.unlink(missing_ok=True)


def split_target(target: str) -> tuple[str, str]:
    """Return repository and revision of `OWNER/NAME@REVISION`."""
    repository, _, revision = target.partition("@")
    return repository, revision or "main"


def _escape(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _agrees_with_name(file: Path) -> bool:
    """Say whether a blob has the hash that it is named by; a copy, where the disk has no links, has no such name."""
    name = Path(os.path.realpath(file)).name
    if re.fullmatch(r"[0-9a-f]{64}", name):
        return _hash(file, hashlib.sha256()) == name
    if _COMMIT.fullmatch(name):
        return _hash(file, hashlib.sha1(b"blob %d\0" % file.stat().st_size, usedforsecurity=False)) == name
    return True


def _hash(path: Path, hasher: Any) -> str:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    return str(hasher.hexdigest())


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Keep the libraries of Hugging Face from the network, whatever they are asked for."""
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextlib.contextmanager
def _online() -> Iterator[None]:
    """Refuse to use the network where the user's own HF_HUB_OFFLINE forbids it."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise ModelError("E607", "HF_HUB_OFFLINE is set, and a pull needs the network", hint="unset HF_HUB_OFFLINE")
    yield


@contextlib.contextmanager
def _explain(target: str) -> Iterator[None]:
    """Turn what the library raises into errors that say what to do."""
    from huggingface_hub import errors

    repository, revision = split_target(target)
    try:
        yield
    except ModelError:
        raise
    except errors.HFValidationError:
        raise ModelError(
            "E601", f"invalid repository name {repository!r}", hint="write hub:OWNER/NAME or hub:OWNER/NAME@REVISION"
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(
            "E608", f"{repository!r} has no revision {revision!r}", hint="name a branch, a tag or a commit of it"
        ) from None
    except errors.GatedRepoError:
        raise ModelError(
            "E607",
            f"{repository!r} is only for those who accepted its terms",
            hint=f"accept them on the page of {repository} on the hub, then log in: hf auth login",
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelError(
            "E608",
            f"the hub has no {repository!r}, or it is private",
            hint="check the name; for a private one log in: hf auth login",
        ) from None
    except Exception as error:  # the library lets the errors of its HTTP client, of threads and of the disk through
        message = " ".join(find_text(error).split())[:300] or type(error).__name__
        raise ModelError(
            "E607",
            f"cannot pull hub:{target}: {message}",
            hint=f"continue later: studio models pull hub:{target}",
        ) from None
