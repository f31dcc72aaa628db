"""A signer of its own for each session of tests, and small files of every format to sign."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from studio.provenance.credentials.identity import load_identity, read_anchors
from studio.provenance.credentials.keeping import make_credentials
from studio.provenance.credentials.reading import CredentialReader
from studio.provenance.credentials.signer import FileSigner
from studio.settings import CredentialSettings

EMBEDDED = ("png", "jpg", "webp", "gif", "tif", "avif", "mp4", "mov", "wav", "flac", "mp3")
BESIDE = ("webm", "mkv")


def write_image(path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def write_sound(path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, 8000)
    if path.suffix == ".wav":
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes((samples * 32767).astype("<i2").tobytes())
    else:
        soundfile.write(path, samples, 8000)


def write_video(path: Path) -> None:
    codec = "libvpx-vp9" if path.suffix == ".webm" else "mpeg4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        rng = np.random.default_rng(1)
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_file(path: Path) -> Path:
    """Write a small file of the format that its extension names."""
    kind = path.suffix.lstrip(".")
    writers: dict[str, Callable[[Path], None]] = dict.fromkeys(("wav", "flac", "mp3"), write_sound)
    writers |= dict.fromkeys(("mp4", "mov", "webm", "mkv"), write_video)
    writers.get(kind, write_image)(path)
    return path


@pytest.fixture(autouse=True, scope="session")
def _library() -> None:
    pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")


@pytest.fixture(scope="session")
def own(_library: None, tmp_path_factory: pytest.TempPathFactory) -> CredentialSettings:
    """Settings of a user who made a key."""
    folder = tmp_path_factory.mktemp("credentials")
    make_credentials(folder, "Ada Lovelace", None)
    return CredentialSettings(sign=True, folder=folder)


@pytest.fixture(scope="session")
def signer(own: CredentialSettings) -> FileSigner:
    return FileSigner(load_identity(own))


@pytest.fixture(scope="session")
def reader(own: CredentialSettings) -> CredentialReader:
    """Reads credentials, and trusts the own authority."""
    return CredentialReader(read_anchors(own))


def make_png(color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(buffer, "PNG")
    return buffer.getvalue()


def find_step(node_type: str, origin: str) -> Any:
    from studio.execution.content import Step

    return Step(node_type, "studio", "0.2.0", origin)
