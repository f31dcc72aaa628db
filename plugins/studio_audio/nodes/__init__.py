"""The node types `audio.*`, and `check.*` of audio, by theme; each is a thin typed function over an algorithm."""

from studio.api import find_node_types
from studio_audio.nodes import (
    checking,
    edits,
    effects,
    levels,
    music,
    shaping,
    sources,
    spectra,
    time,
    transfer,
    voice,
    words,
)

NODE_TYPES = [
    function
    for module in (sources, edits, levels, shaping, effects, time, spectra, transfer, voice, music, words, checking)
    for function in find_node_types(module)
]
