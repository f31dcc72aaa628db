"""Memory of results: actions (fingerprint -> digests of the outputs) and blobs (digest -> bytes), in two tiers."""

from studio.cache.action_parts import MadeParts, SharedParts
from studio.cache.actions import Action, shorten_notes
from studio.cache.cache import MISSING, Cache
from studio.cache.digest import Digester, Undigestable, digest_list, hash_parts

__all__ = [
    "MISSING",
    "Action",
    "Cache",
    "Digester",
    "MadeParts",
    "SharedParts",
    "Undigestable",
    "digest_list",
    "hash_parts",
    "shorten_notes",
]
