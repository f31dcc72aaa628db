"""`FileSigner`: signs written files, in the file where its format allows that, and beside it elsewhere."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.errors import RunError, StudioError, describe_exception, describe_raised
from studio.files import create_temporary_path, replace_file
from studio.plugin_code import mark_plugin_call
from studio.provenance.credentials.claim import Ingredient, WrittenFile, create_claim, list_ingredients
from studio.provenance.credentials.formats import find_format, is_beside, name_sidecar
from studio.provenance.credentials.identity import Identity
from studio.provenance.credentials.library import load_c2pa

Describe = Callable[[Path], Mapping[str, Any]]
"""A function of a plugin that says more of a file, see the hook `studio_assertions`."""

_LARGEST_INGREDIENT = 1 << 30  # bytes; all of an ingredient is read for its digest
_LARGEST_IN_MEMORY = 16 << 20  # bytes; the library reads and writes in pieces of some bytes, each a call of Python
_CODE = 1
_OPTIONS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


class FileSigner:
    """Signs files. Threads may share it.

    Args:
        identity: With what.
        timestamp_authority: Address of an authority that states the time, or None for no time and no network.
        describe: What plugins say of a file, each with the plugin's name.
    """

    def __init__(
        self,
        identity: Identity,
        timestamp_authority: str | None = None,
        describe: Sequence[tuple[str, Describe]] = (),
    ) -> None:
        c2pa = self._c2pa = load_c2pa()
        self.identity = identity
        self._describe = tuple(describe)
        self._context = c2pa.Context.from_dict(_OPTIONS)
        url = timestamp_authority.encode() if timestamp_authority else None
        info = c2pa.C2paSignerInfo(identity.algorithm.encode(), identity.chain, identity.key, url)
        self._signer = c2pa.Signer.from_info(info)
        plugins = [plugin for plugin, _ in self._describe]
        parts = [_CODE, identity.fingerprint, timestamp_authority or "", plugins]
        self.key = blake3(json.dumps(parts).encode()).hexdigest()

    def sign(self, temporary: Path, path: Path, written: WrittenFile) -> bytes:
        """Sign a file before it has its name; one of a kind that has no content credentials is left as it is.

        It returns the content credentials, or b"" for none.

        Args:
            temporary: Where the file is now; it is replaced.
            path: Where it will be. What is written beside it is written there at once.
            written: What is known of it.

        Raises:
            RunError: E775 if it cannot be signed.
        """
        media_type = find_format(path)
        if not media_type:
            return b""
        more = self._ask_plugins(temporary)
        ingredients = list_ingredients(written)
        claim = json.dumps(create_claim(written, media_type, ingredients, more))
        try:
            with self._build(claim, ingredients, is_stripped=written.is_stripped) as builder:
                if is_beside(path):
                    return self._sign_beside(temporary, name_sidecar(path), media_type, builder)
                return self._sign_inside(temporary, media_type, builder)
        except self._c2pa.C2paError as error:
            raise RunError(
                "E775",
                f"{path.name!r} cannot be signed: {str(error) or describe_exception(error)}",
                where=str(path),
                hint="check [credentials] in config.toml; without signing: --no-sign",
            ) from None

    def measure(self, temporary: Path, path: Path, written: WrittenFile) -> int:
        """Return how many bytes signing adds to a file; 0 where the content credentials are beside it, or none.

        Args:
            temporary: Where the file is now; it stays as it is.
            path: Where it will be.
            written: What is known of it.

        Raises:
            RunError: As `sign`; E312 if there is no room for a copy.
        """
        if not find_format(path) or is_beside(path):
            return 0
        copy = create_temporary_path(temporary)
        try:
            shutil.copyfile(temporary, copy)
            self.sign(copy, path, written)
            return copy.stat().st_size - temporary.stat().st_size
        except OSError as error:
            message = f"cannot sign {path.name!r}: {error.strerror or error}"
            raise RunError("E312", message, where=str(path), hint="free space and run again") from None
        finally:
            copy.unlink(missing_ok=True)

    def _sign_inside(self, temporary: Path, media_type: str, builder: Any) -> bytes:
        signed = create_temporary_path(temporary)
        in_memory = temporary.stat().st_size <= _LARGEST_IN_MEMORY
        try:
            with temporary.open("rb") as source, signed.open("w+b") as out:
                if in_memory:
                    held = io.BytesIO()
                    manifest: bytes = builder.sign(self._signer, media_type, io.BytesIO(source.read()), held)
                    out.write(held.getbuffer())
                else:
                    manifest = builder.sign(self._signer, media_type, source, out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(signed, temporary)
        finally:
            signed.unlink(missing_ok=True)
        return manifest

    def _sign_beside(self, temporary: Path, sidecar: Path, media_type: str, builder: Any) -> bytes:
        with temporary.open("rb") as source:
            builder.set_no_embed()
            manifest: bytes = builder.sign(self._signer, media_type, source, _Nowhere())
        with replace_file(sidecar) as place:
            place.write_bytes(manifest)
        return manifest

    def _build(self, claim: str, ingredients: Sequence[Ingredient], *, is_stripped: bool) -> Any:
        """Return a builder of the library with the files that a file was made from; their own credentials are kept.

        Of a file that the library cannot read, or that is gone, the name alone is kept; so it is of each file that a
        stripped one was made from, whose credentials may hold its graph and its values.
        """
        named = {one.label for one in ingredients if is_stripped or not _is_readable(one)}
        while True:
            plain = [one.to_json() for one in ingredients if one.label in named]
            document = json.dumps({**json.loads(claim), "ingredients": plain}) if plain else claim
            builder = self._c2pa.Builder(document, context=self._context)
            failed = next(
                (one.label for one in ingredients if one.label not in named and not self._add(builder, one)), ""
            )
            if not failed:
                return builder
            builder.close()
            named.add(failed)

    def _add(self, builder: Any, ingredient: Ingredient) -> bool:
        """Add a file that another was made from; return whether the library could read it."""
        assert ingredient.used is not None
        path = ingredient.used.file.path
        try:
            with path.open("rb") as source:
                builder.add_ingredient(json.dumps(ingredient.to_json()), find_format(path), source)
        except (OSError, self._c2pa.C2paError):
            return False
        return True

    def _ask_plugins(self, path: Path) -> dict[str, Any]:
        """Return what plugins say of a file.

        Raises:
            RunError: E775 if one raises, or returns something else.
        """
        found: dict[str, Any] = {}
        for plugin, describe in self._describe:
            try:
                with mark_plugin_call():
                    found |= json.loads(json.dumps(dict(describe(path))))
            except StudioError:
                raise
            except Exception as error:  # a plugin may raise anything
                message = f"plugin {plugin!r}: studio_assertions {describe_raised(error)}"
                raise RunError("E775", message, where=str(path), hint="report it to the plugin's author") from error
        return found


def _is_readable(ingredient: Ingredient) -> bool:
    """Return whether a file may be read for its credentials."""
    if ingredient.used is None:
        return False
    path = ingredient.used.file.path
    try:
        return bool(find_format(path)) and not is_beside(path) and 0 < path.stat().st_size <= _LARGEST_INGREDIENT
    except OSError:
        return False


class _Nowhere(io.RawIOBase):
    """A file that forgets what is written to it: the library writes a copy of the signed file that nobody needs."""

    def __init__(self) -> None:
        self._place = self._end = 0

    def readable(self) -> bool:
        """Return True: the library asks for it, and does not read."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Count bytes."""
        self._place += len(data)
        self._end = max(self._end, self._place)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._place = offset + (0, self._place, self._end)[whence]
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place
