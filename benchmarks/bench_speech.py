"""How well speech is understood, and how fast it is made: word error rate by a recogniser, and the real-time factor.

    python benchmarks/bench_speech.py                        espeak-ng: 20 sentences, closed grammar, controls
    python benchmarks/bench_speech.py --open                 an open vocabulary too
    python benchmarks/bench_speech.py --model file:FOLDER    a network beside it
    python benchmarks/bench_speech.py --human FOLDER         human recordings beside it
    python benchmarks/bench_speech.py --judge local:whisper-base --model local:kokoro

With --judge a network writes down what it hears, with an open vocabulary, in place of pocketsphinx. Numbers that it
writes in digits are written out before they are compared.

The sentences are from the Harvard list (IEEE 1969). The recogniser is pocketsphinx (pip install pocketsphinx), a small
and old one: with an open vocabulary it misses most words of clear speech too, so that only differences count there.
With the closed grammar it must choose one of the 20 sentences. Two controls say what chance is: white noise, and speech
below noise (-5 dB). A folder of human recordings holds NAME.wav (or .flac, .ogg) and what is said in NAME.txt; two
of LibriSpeech are known by their names. With the closed grammar, their texts are two choices more.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Audio, AudioType, MediaLimits, Model
from studio.app import Studio
from studio.settings import load_settings
from studio_speech.reading import spell_numbers
from studio_speech.recognizer import resample

SENTENCES = (
    "The birch canoe slid on the smooth planks",
    "Glue the sheet to the dark blue background",
    "It is easy to tell the depth of a well",
    "These days a chicken leg is a rare dish",
    "Rice is often served in round bowls",
    "The juice of lemons makes fine punch",
    "The box was thrown beside the parked truck",
    "The hogs were fed chopped corn and garbage",
    "Four hours of steady work faced us",
    "A large size in stockings is hard to sell",
    "The boy was there when the sun rose",
    "A rod is used to catch pink salmon",
    "The source of the huge river is the clear spring",
    "Kick the ball straight and follow through",
    "Help the woman get back to her feet",
    "A pot of tea helps to pass the evening",
    "Smoky fires lack flame and heat",
    "The soft cushion broke the man's fall",
    "The salt breeze came across from the sea",
    "The girl at the booth sold fifty bonds",
)
RECORDED = {
    "speech_female_1": "Mrs Allen said Catherine the next morning will there be any harm in my calling on Miss Tilney "
    "today I shall not be easy till I have explained everything go by all means my dear only put on a white gown Miss "
    "Tilney always wears white",
    "speech_male_1": "The adventure of the cart it befell in the month of May Queen Guenever called to her knights of "
    "the table round and gave them warning that early upon the morrow she would ride a maying into the woods and "
    "fields beside Westminster",
}
"""What is read in recordings of LibriSpeech (Northanger Abbey; The Age of Chivalry), by the names of their files."""
UNCOMMON = "guenever G W EH N AH V ER\nmaying M EY IH NG\ntilney T IH L N IY\n"
"""Words that the recogniser's dictionary lacks, and how they sound."""
RATE = 16_000


@dataclass(frozen=True)
class Score:
    """What the recogniser made of some recordings."""

    errors: int
    words: int
    exact: int
    count: int

    def __str__(self) -> str:
        return f"{self.errors / max(self.words, 1):6.3f} | {self.exact}/{self.count}"


def normalize(text: str) -> list[str]:
    """Return the words of a text, lower case."""
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def count_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return the fewest insertions, deletions and replacements of words between two texts (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        row, before = [i], row
        for j, other in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other)))
    return row[-1]


def create_decoder(grammar: str | None, folder: Path) -> Any:
    """Return a recogniser that knows a grammar, or the language at large."""
    import pocketsphinx

    models = Path(pocketsphinx.get_model_path("en-us"))
    words = folder / "words.dict"
    words.write_text((models / "cmudict-en-us.dict").read_text(encoding="utf-8") + UNCOMMON, encoding="utf-8")
    settings: dict[str, Any] = {"lm": str(models / "en-us.lm.bin")}
    if grammar is not None:
        (folder / "closed.gram").write_text(grammar, encoding="ascii")
        settings = {"jsgf": str(folder / "closed.gram")}
    return pocketsphinx.Decoder(hmm=str(models / "en-us"), dict=str(words), samprate=RATE, loglevel="FATAL", **settings)


def write_grammar(sentences: Sequence[str]) -> str:
    """Return a grammar of these sentences and no others."""
    listed = " | ".join(f"( {' '.join(normalize(each))} )" for each in sentences)
    return f"#JSGF V1.0;\ngrammar closed;\npublic <sentence> = {listed};\n"


def listen(decoder: Any, sound: Audio) -> list[str]:
    """Return the words that a recogniser hears."""
    mono = resample(sound.samples.mean(axis=1), sound.rate, RATE)
    mono = np.pad(mono / max(float(np.abs(mono).max(initial=0.0)), 1e-6) * 0.7, RATE // 4)
    decoder.start_utt()
    decoder.process_raw((mono * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return normalize(re.sub(r"\(\d\)", "", found.hypstr)) if found else []


def judge_with(studio: Studio, model: str) -> Callable[[Audio], list[str]]:
    """Return what writes down a sound with a network that listens."""

    def listen_to(sound: Audio) -> list[str]:
        inputs = {"audio": {"from": "inputs.sound"}, "model": model, "language": "en"}
        graph = {
            "studio": 1,
            "inputs": {"sound": {"type": "audio"}},
            "nodes": {"hear": {"type": "speech.to_text", "inputs": inputs}},
            "outputs": {"text": {"from": "hear.text"}},
        }
        result = studio.run(graph, {"sound": sound})
        if result.errors:
            raise SystemExit(str(result.errors[0]))
        return normalize(spell_numbers(result.outputs["text"]))

    return listen_to


def score(decoder: Any, sounds: Sequence[Audio], texts: Sequence[str]) -> Score:
    """Return how well a recogniser understands recordings."""
    errors = words = exact = 0
    for sound, text in zip(sounds, texts, strict=True):
        said, heard = normalize(text), decoder(sound) if callable(decoder) else listen(decoder, sound)
        errors, words, exact = errors + count_errors(said, heard), words + len(said), exact + (said == heard)
    return Score(errors, words, exact, len(texts))


def say_all(studio: Studio, **inputs: Any) -> tuple[list[Audio], float]:
    """Say every sentence as a run of its own, with empty caches; return the sounds and the seconds each second took."""
    sounds, seconds = [], 0.0
    for text in SENTENCES:
        node = {"type": "speech.say", "inputs": {"text": f"{text}.", **inputs}}
        graph = {"studio": 1, "nodes": {"say": node}, "outputs": {"sound": {"from": "say.audio"}}}
        begin = time.perf_counter()
        result = studio.run(graph)
        seconds += time.perf_counter() - begin
        if result.errors:
            raise SystemExit(str(result.errors[0]))
        sounds.append(result.outputs["sound"])
    return sounds, seconds / sum(each.duration for each in sounds)


def add_noise(sound: Audio, decibels: float, seed: int) -> Audio:
    """Return a sound with white noise at a signal-to-noise ratio."""
    level = float(sound.samples.std()) * 10 ** (-decibels / 20)
    noise = np.random.default_rng(seed).standard_normal(sound.samples.shape) * level
    return Audio((sound.samples + noise).astype(np.float32), sound.rate)


def make_noise(seed: int) -> Audio:
    """Return two and a half seconds of white noise."""
    return Audio(np.random.default_rng(seed).standard_normal(40_000).astype(np.float32) * 0.2, RATE)


def read_human(folder: Path) -> Iterator[tuple[Audio, str]]:
    """Yield the recordings of a folder and what is said in them."""
    for path in sorted(folder.iterdir()):
        beside = path.with_suffix(".txt")
        text = beside.read_text(encoding="utf-8") if beside.is_file() else RECORDED.get(path.stem)
        if path.suffix.lower() in (".wav", ".flac", ".ogg") and text is not None:
            yield AudioType().read_file(path, MediaLimits()), text


def main() -> None:
    """Print the table, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", action="store_true", help="an open vocabulary too")
    parser.add_argument("--model", help="a network that speaks, as a model reference")
    parser.add_argument("--judge", help="a network that listens, as a model reference; without it, pocketsphinx does")
    parser.add_argument("--human", type=Path, help="folder of recordings, each beside its text")
    parser.add_argument(
        "--speed", type=float, default=0.86, help="speed of espeak-ng (default: 0.86, 150 words a minute)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-speech-") as name:
        measure(options, Path(name), print)


def measure(options: argparse.Namespace, folder: Path, tell: Callable[[str], None]) -> None:
    """Say, listen and tell."""
    settings = load_settings(cache_dir=folder / "cache", device="cpu")
    human = list(read_human(options.human)) if options.human else []
    with Studio(settings, plugins=given_plugins(), on_disk=False) as studio:
        say_all(studio, voice="f1")  # so that nothing is loaded for the first time below
        plain, factor = say_all(studio, speed=options.speed)
        voices = {
            "espeak-ng, en-us": plain,
            "espeak-ng, en-us, f2": say_all(studio, speed=options.speed, voice="f2")[0],
        }
        factors = {"espeak-ng": factor}
        if options.model:
            said, factors[options.model] = say_all(studio, model=Model(options.model).to_json())
            voices[options.model] = said
        voices["control: German voice"] = say_all(studio, speed=options.speed, language="de")[0]
    voices["control: -5 dB noise"] = [add_noise(each, -5.0, seed) for seed, each in enumerate(plain)]
    voices["control: white noise"] = [make_noise(seed) for seed in range(len(SENTENCES))]
    with Studio(settings, plugins=given_plugins(), on_disk=False) as studio:
        tell_scores(voices, human, create_decoders(options, human, folder, studio), tell)
    for voice, factor in factors.items():
        tell(f"\nreal-time factor of {voice}, one run a sentence: {factor:.3f}")


def create_decoders(
    options: argparse.Namespace, human: Sequence[tuple[Audio, str]], folder: Path, studio: Studio
) -> dict[str, Any]:
    """Return what listens, by name."""
    if options.judge:
        return {options.judge: judge_with(studio, options.judge)}
    closed = create_decoder(write_grammar([*SENTENCES, *(text for _, text in human)]), folder)
    return {"closed": closed} | ({"open": create_decoder(None, folder)} if options.open else {})


def tell_scores(
    voices: dict[str, list[Audio]],
    human: Sequence[tuple[Audio, str]],
    decoders: dict[str, Any],
    tell: Callable[[str], None],
) -> None:
    """Tell how well each voice is understood."""
    tell("| speech | recogniser | word error rate | exact |\n|---|---|---|---|")
    for label, decoder in decoders.items():
        for voice, sounds in voices.items():
            tell(f"| {voice} | {label} | {score(decoder, sounds, SENTENCES)} |")
        if human:
            result = score(decoder, [each for each, _ in human], [text for _, text in human])
            tell(f"| human recordings | {label} | {result} |")


def given_plugins() -> list[tuple[str, Any]]:
    """Return the plugin where it is not installed."""
    from importlib.metadata import entry_points

    if "studio-speech" in entry_points(group="studio").names:
        return []
    import studio_speech

    return [("studio-speech", studio_speech)]


if __name__ == "__main__":
    sys.exit(main())
