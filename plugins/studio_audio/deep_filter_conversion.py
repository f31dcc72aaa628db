"""Unpacks the archive in which DeepFilterNet ships its networks: three ONNX files and their settings."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from studio.api import ModelError

PARTS = ("config.ini", "df_dec.onnx", "enc.onnx", "erb_dec.onnx")
_MAX_BYTES = 64 << 20


def convert_deep_filter(files: Mapping[str, Path], folder: Path) -> None:
    """Write the four files of the archive into a folder; nothing else of it is read.

    Args:
        files: One archive, `.tar.gz`.
        folder: Where the model goes.

    Raises:
        ModelError: E648 if a file is missing or too large, or the archive is damaged.
    """
    if len(files) != 1:
        raise ModelError("E648", "deepfilternet unpacks one archive", hint="correct the entry of the catalog")
    path = next(iter(files.values()))
    try:
        with tarfile.open(path, "r:gz") as archive:
            for info in archive:
                name = PurePosixPath(info.name).name
                if name in PARTS and info.isfile():
                    if info.size > _MAX_BYTES:
                        raise ValueError(f"{name!r} has {info.size} bytes")
                    content = archive.extractfile(info)
                    (folder / name).write_bytes(b"" if content is None else content.read(_MAX_BYTES))
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise ModelError("E648", f"{path.name!r} cannot be unpacked: {error}", hint="get it again") from None
    missing = [name for name in PARTS if not (folder / name).is_file()]
    if missing:
        raise ModelError("E648", f"{path.name!r} has no {missing[0]!r}", hint="get it again")
