"""`studio credentials`: the key that files are signed with, and the authorities that are trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from studio.app import read_settings
from studio.cli.answer import answer
from studio.cli.options import json_option
from studio.cli.parameter_types import PathType
from studio.settings import CredentialSettings, read_passphrase

if TYPE_CHECKING:
    from studio.provenance.credentials.keeping import KeptCertificate

_ROLES = {"signs": "signs files", "authority": "own authority", "trusted": "trusted"}


@click.group("credentials")
def command() -> None:
    """Make, import and list what signs files.

    A signed file says who made it, with what and from which files, and every later change is found. Files are signed
    with `studio run --sign`, or always with `sign = true` below `[credentials]` in `config.toml`.

    STUDIO_CREDENTIALS_PASSPHRASE encrypts the private keys that are written, and opens those that are read.
    """


@command.command("init")
@click.argument("name", required=False)
@click.option("--renew", is_flag=True, help="Make another key and certificate of the same authority.")
@json_option
def initialize(name: str | None, renew: bool, as_json: bool) -> None:
    """Make a local authority, and a key and a certificate that sign files as NAME.

    Nothing leaves this machine. Others see NAME in every signed file; they see it as trusted after they run `studio
    credentials trust` with your `authority.pem`.
    """
    from studio.provenance.credentials.keeping import list_certificates, make_credentials

    folder = _find_settings().folder
    if name is None and renew:
        name = next((one.name for one in list_certificates(folder) if one.role == "signs"), None)
    if name is None:
        raise click.UsageError("Missing argument 'NAME'.")
    _show(make_credentials(folder, name, read_passphrase(), renew=renew), as_json)


@command.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show the certificate that signs files, and the authorities that are trusted."""
    from studio.provenance.credentials.keeping import list_certificates

    settings = _find_settings()
    rows = list_certificates(settings.folder)
    _show(rows, as_json, settings)


@command.command("import")
@click.argument("certificate", type=PathType())
@click.argument("key", type=PathType())
@click.option("--replace", is_flag=True, help="Replace the key that is there.")
@json_option
def import_(certificate: Path, key: Path, replace: bool, as_json: bool) -> None:
    """Take a CERTIFICATE of an authority and its private KEY, both PEM files.

    The certificate comes first in its file, and those up to its authority follow.
    """
    from studio.provenance.credentials.keeping import import_credentials

    _show(import_credentials(_find_settings().folder, certificate, key, read_passphrase(), replace=replace), as_json)


@command.command("trust")
@click.argument("path", type=PathType())
@json_option
def trust(path: Path, as_json: bool) -> None:
    """Trust the authorities whose certificates are in PATH, a PEM file.

    `studio verify` then calls what they vouch for trusted. The trust list of C2PA can be given too.
    """
    from studio.provenance.credentials.keeping import trust_certificates

    _show(trust_certificates(_find_settings().folder, path), as_json)


def _find_settings() -> CredentialSettings:
    return read_settings().credentials


def _show(rows: list[KeptCertificate], as_json: bool, settings: CredentialSettings | None = None) -> None:
    """Show certificates, and whether files are signed."""
    if as_json:
        more = {} if settings is None else {"sign": settings.sign, "folder": str(settings.folder)}
        answer({"certificates": [row.to_json() for row in rows], **more})
        return
    for row in rows:
        click.echo(f"{_ROLES[row.role]}: {row.name}, until {row.ends}")
        click.echo(f"    {row.path}  SHA-256 {row.fingerprint[:16]}...")
    if settings is not None:
        if not any(row.role == "signs" for row in rows):
            click.echo("no certificate yet: make one with studio credentials init NAME")
        click.echo("files are signed" if settings.sign else "files are not signed, unless --sign is given")
