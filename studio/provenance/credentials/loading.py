"""Loads what signs the files of a Studio, as its settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.errors import PluginError, StudioError, describe_raised
from studio.registry import load_file_functions
from studio.settings import Settings

if TYPE_CHECKING:
    from studio.provenance.credentials.signer import Describe, FileSigner

_HOOK = "studio_assertions"


def load_signer(settings: Settings) -> FileSigner | None:
    """Return what signs files, or None if the settings say that they are not signed.

    Raises:
        UsageError: E770 to E774 if they are to be signed and cannot be.
        PluginError: E206 or E212 if a plugin that says more of files fails.
    """
    if not settings.credentials.sign:
        return None
    from studio.provenance.credentials.identity import load_identity
    from studio.provenance.credentials.signer import FileSigner

    identity = load_identity(settings.credentials)
    return FileSigner(identity, settings.credentials.timestamp_authority, _load_functions(settings))


def _load_functions(settings: Settings) -> list[tuple[str, Describe]]:
    found: list[tuple[str, Describe]] = []
    loaded = load_file_functions(
        _HOOK, settings.disabled_plugins, settings.plugins_dir, settings.plugins, settings.data_dir
    )
    for plugin, call_hook in loaded:
        try:
            found += [(plugin, function) for function in call_hook()]
        except StudioError:
            raise
        except (Exception, SystemExit) as error:  # a plugin may raise anything
            message = f"plugin {plugin!r}: {_HOOK} {describe_raised(error)}"
            raise PluginError("E212", message, hint="disable the plugin, or report it to its author") from error
    return found
