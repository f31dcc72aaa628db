"""A program of its own: speaks one utterance with espeak-ng, writes texts in phonemes, or lists its voices.

espeak-ng is free software under the GPL. It is loaded here alone, in a process that ends after one request, and
never in Studio's own. The request comes on standard input as JSON; the answer goes to standard output as frames: a
tag of four letters, the length in four bytes (little endian), the content.

    RATE  samples per second, as JSON
    PCM_  samples, mono, 16 bits, little endian; any number of these
    MARK  [[character, frame], ...]: where each word begins, as JSON
    VOIC  {"voices": [[name, identifier, [[priority, language], ...]], ...], "variants": [name, ...]}, as JSON
    PHON  for each text, [[phonemes, bytes of the text that are left], ...] for each of its clauses, as JSON
    LOST  the characters of the request's "check" that the voice leaves out, as JSON
    FAIL  what went wrong, in words
    DONE  nothing; an answer without it is cut off

It imports the standard library alone, so that `python -I -S` starts it fast and nothing around it counts.
"""

import ctypes
import json
import os
import sys
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_int, c_short, c_ubyte, c_uint, c_void_p
from typing import Any

SYNCHRONOUS = 2
DO_NOT_EXIT = 0x8000
UTF8 = 1
RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4
WORD_EVENT = 1
INTERNATIONAL, TIE = 2, 0x80  # the International Phonetic Alphabet; a tie between letters of one phoneme


class Event(Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", c_int * 2),
    )


class Voice(Structure):
    """espeak_VOICE of speak_lib.h."""

    _fields_ = (
        ("name", c_char_p),
        ("languages", POINTER(c_char)),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("xx1", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(Event))


def main() -> None:
    """Answer the request on standard input."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library prints must not get between the frames

    def send(tag: bytes, content: bytes = b"") -> None:
        answer.write(tag + len(content).to_bytes(4, "little") + content)

    try:
        request = json.load(sys.stdin.buffer)
        library = ctypes.CDLL(request["library"])
        rate = initialize(library, request["data"])
        send(b"RATE", json.dumps(rate).encode())
        if request["do"] == "voices":
            listed = {"voices": list_voices(library), "variants": list_variants(library)}
            send(b"VOIC", json.dumps(listed).encode())
        elif request["do"] == "phonemes":
            write_phonemes(library, request, send)
        else:
            speak(library, request, send)
        send(b"DONE")
    except Exception as error:
        send(b"FAIL", (str(error) or type(error).__name__).encode())
    answer.flush()
    os._exit(0)  # the library's own clean-up can hang


def initialize(library: ctypes.CDLL, data: "str | None") -> int:
    """Start the library and return its sample rate."""
    library.espeak_Initialize.argtypes = [c_int, c_int, c_char_p, c_int]
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, os.fsencode(data) if data else None, DO_NOT_EXIT)
    if rate <= 0:
        raise RuntimeError("espeak-ng does not start; its data are not there")
    return int(rate)


def list_voices(library: ctypes.CDLL) -> "list[list[object]]":
    """Return every voice with the languages that it speaks."""
    library.espeak_ListVoices.restype = POINTER(POINTER(Voice))
    library.espeak_ListVoices.argtypes = [c_void_p]
    found, voices = [], library.espeak_ListVoices(None)
    for index in range(10_000):
        if not voices[index]:
            break
        voice = voices[index].contents
        found.append([voice.name.decode(), voice.identifier.decode(), read_languages(voice.languages)])
    return found


def list_variants(library: ctypes.CDLL) -> "list[str]":
    """Return the names of the speakers that any voice can be given."""
    library.espeak_Info.restype = c_char_p
    library.espeak_Info.argtypes = [POINTER(c_char_p)]
    data = c_char_p()
    library.espeak_Info(ctypes.byref(data))
    folder = os.path.join(os.fsdecode(data.value or b""), "voices", "!v")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def read_languages(packed: "ctypes._Pointer[c_char]") -> "list[list[object]]":
    """Read a list of a priority byte and a language's tag each, both ended by zero."""
    found: list[list[object]] = []
    at = 0
    while packed[at] != b"\0" and len(found) < 64:
        priority, tag, at = packed[at][0], b"", at + 1
        while packed[at] != b"\0":
            tag, at = tag + packed[at], at + 1
        found.append([priority, tag.decode()])
        at += 1
    return found


def speak(library: ctypes.CDLL, request: dict[str, Any], send: Callable[[bytes, bytes], None]) -> None:
    """Speak the text and send samples and word marks."""
    marks, frames = [], 0

    def receive(samples: Any, count: int, events: Any) -> int:
        nonlocal frames
        if samples and count > 0:
            send(b"PCM_", ctypes.string_at(samples, 2 * count))
            frames += count
        index = 0
        while events[index].type:
            if events[index].type == WORD_EVENT:
                marks.append([events[index].text_position - 1, events[index].sample])
            index += 1
        return 0

    choose_voice(library, request["voice"])
    for name, parameter in (("rate", RATE), ("volume", VOLUME), ("pitch", PITCH), ("range", RANGE)):
        if library.espeak_SetParameter(c_int(parameter), c_int(int(request[name])), c_int(0)):
            raise RuntimeError(f"espeak-ng does not take the {name} {request[name]}")
    callback = Callback(receive)
    library.espeak_SetSynthCallback(callback)
    library.espeak_Synth.argtypes = [c_char_p, ctypes.c_size_t, c_uint, c_int, c_uint, c_uint, c_void_p, c_void_p]
    text = str(request["text"]).encode()
    if library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8, None, None):
        raise RuntimeError("espeak-ng failed")
    library.espeak_Synchronize()
    send(b"MARK", json.dumps(marks).encode())
    if request.get("check"):
        send(b"LOST", json.dumps(find_lost(library, request["check"])).encode())


def choose_voice(library: ctypes.CDLL, voice: object) -> None:
    """Choose a voice by its identifier."""
    library.espeak_SetVoiceByName.argtypes = [c_char_p]
    if library.espeak_SetVoiceByName(str(voice).encode()):
        raise RuntimeError(f"unknown espeak-ng voice {voice!r}")


def write_phonemes(library: ctypes.CDLL, request: dict[str, Any], send: Callable[[bytes, bytes], None]) -> None:
    """Send the phonemes of texts, clause by clause, and the characters that the voice leaves out."""
    choose_voice(library, request["voice"])
    library.espeak_TextToPhonemes.restype = c_char_p
    library.espeak_TextToPhonemes.argtypes = [POINTER(c_char_p), c_int, c_int]
    mode = INTERNATIONAL | TIE | ord(request["tie"]) << 8
    written = []
    for text in request["texts"]:
        rest, clauses = c_char_p(str(text).encode()), list[list[Any]]()
        while rest.value:
            before = len(rest.value)
            said = (library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, mode) or b"").decode("utf-8", "replace")
            clauses.append([said, len(rest.value or b"")])
            if clauses[-1][1] >= before:
                raise RuntimeError("espeak-ng does not get on with the text")
        written.append(clauses)
    send(b"PHON", json.dumps(written).encode())
    if request.get("check"):
        send(b"LOST", json.dumps(find_lost(library, request["check"])).encode())


def find_lost(library: ctypes.CDLL, characters: "list[str]") -> "list[str]":
    """Return the characters that the voice says nothing of, or only their script or number."""
    library.espeak_TextToPhonemes.restype = c_char_p
    library.espeak_TextToPhonemes.argtypes = [POINTER(c_char_p), c_int, c_int]
    script = pronounce(library, "\u4e01") if pronounce(library, "\u4e01") == pronounce(library, "\u9f98") else None
    kana = pronounce(library, "\u3042") if pronounce(library, "\u3042") == pronounce(library, "\u306e") else None
    number = pronounce(library, "\U0001d6a8").partition("|")[0]
    lost = []
    for each in characters:
        said = pronounce(library, each)
        unknown = len(number) > 3 and said.startswith(number) and not each.isascii()
        if not said.strip("_:|") or said in (script, kana) or unknown:
            lost.append(each)
    return lost


def pronounce(library: ctypes.CDLL, text: str) -> str:
    """Return what the voice says of a text, in espeak-ng's phonemes."""
    rest, said = c_char_p(text.encode()), ""
    while rest.value:
        said += (library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, 0) or b"").decode("utf-8", "replace")
    return said


if __name__ == "__main__":
    main()
