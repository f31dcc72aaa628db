"""Models that make sound from text, end to end on the CPU with tiny random weights."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studio_audio
import studio_diffusion
import studio_speech
from studio.api import Audio, Cancelled, MediaError, Model, ModelError
from studio.app import Studio
from studio.settings import load_settings
from studio.testing import TestContext
from studio_audio.nodes.words import make_from_text
from studio_audio.opener import MusicOpener
from tests.plugins.studio_audio.signals import make_tone

pytestmark = pytest.mark.xdist_group("diffusers")

TINY = Model("local:tiny")
PROMPT = "rain on a roof"
KINDS = ("musicgen", "musicgen_melody", "audioldm2", "stable_audio", "audioldm", "musicldm")
Open = Callable[..., TestContext]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function from the name of an architecture to the folder of a tiny model of it."""
    from tests.plugins.studio_audio import tiny_models

    folder, written = tmp_path_factory.mktemp("tiny"), dict[str, Path]()

    def write(name: str, **options: Any) -> Path:
        key = f"{name}{''.join(f'-{value}' for value in options.values())}"
        if key not in written:
            written[key] = getattr(tiny_models, f"write_{name}")(folder / key, **options)
        return written[key]

    return write


@pytest.fixture(scope="module")
def open_tiny(tiny: Callable[..., Path]) -> Iterator[Open]:
    """A function from the name of an architecture to a context that leases a tiny model of it as `TINY`."""
    contexts = list[TestContext]()

    def open_model(name: str, **options: Any) -> TestContext:
        contexts.append(TestContext(models={TINY.reference: open_folder(tiny(name, **options))}))
        return contexts[-1]

    yield open_model
    for context in contexts:
        context.close()


def open_folder(path: Path, model: Model = TINY) -> Any:
    """Open a model as the runtime does."""
    return MusicOpener().open(path, model, device="cpu", dtype="float32", parts={})


def few_steps(name: str) -> dict[str, Any]:
    """What lets a model be quick, without a word about what it does not have."""
    return {} if name.startswith("musicgen") else {"steps": 3}


def import_cosine_scheduler(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import diffusers' own sampler of Stable Audio; what it draws noise with may not be installed."""
    homes = [f"diffusers.schedulers.scheduling_{name}" for name in ("dpmsolver_sde", "cosine_dpmsolver_multistep")]
    if importlib.util.find_spec("torchsde") is not None:
        return importlib.import_module(homes[1]).CosineDPMSolverMultistepScheduler
    monkeypatch.setitem(sys.modules, "torchsde", types.ModuleType("torchsde"))
    found = importlib.import_module(homes[1]).CosineDPMSolverMultistepScheduler
    for home in homes:
        del sys.modules[home]
    return found


@pytest.mark.parametrize("name", KINDS)
def test_words_and_seed_make_the_sound_and_nothing_else(open_tiny: Open, name: str) -> None:
    ctx, settings = open_tiny(name), {"seconds": 0.5} | few_steps(name)

    made, again = (make_from_text(ctx, PROMPT, TINY, **settings) for _ in range(2))
    other_seed = make_from_text(ctx, PROMPT, TINY, seed=1, **settings)
    other_words = make_from_text(ctx, "slow jazz with a muted trumpet", TINY, **settings)

    assert made == again
    assert made != other_seed
    assert made != other_words
    assert (made.rate, made.frames) == (8000, 4000)
    assert made.channels == (2 if name == "stable_audio" else 1)
    assert float(np.abs(made.samples).max()) > 0.01
    assert not ctx.messages


@pytest.mark.parametrize("name", ["audioldm2", "stable_audio"])
def test_a_diffusion_model_heeds_what_it_is_told(open_tiny: Open, name: str) -> None:
    ctx = open_tiny(name)
    plain = make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=3)

    for change in ({"steps": 4}, {"guidance_scale": 2.0}, {"negative_prompt": "thunder"}):
        assert make_from_text(ctx, PROMPT, TINY, **{"seconds": 0.5, "steps": 3} | change) != plain
    assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=3, temperature=0.5, top_k=3) == plain


def test_musicgen_heeds_what_it_is_told_and_says_what_it_does_not_have(open_tiny: Open) -> None:
    ctx = open_tiny("musicgen")
    plain = make_from_text(ctx, PROMPT, TINY, seconds=0.5)

    for change in ({"guidance_scale": 1.0}, {"temperature": 3.0}, {"top_k": 2}):
        assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, **change) != plain
    assert not ctx.messages
    assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, negative_prompt="thunder", steps=3) == plain
    assert len(ctx.messages) == 2


def test_a_melody_is_followed_where_the_model_takes_one(open_tiny: Open) -> None:
    ctx, plain_ctx = open_tiny("musicgen_melody"), open_tiny("musicgen")
    low, high = make_tone(329.6, 1.5), make_tone(440.0, 1.5)  # not C, which stands for no melody too

    made = [make_from_text(ctx, PROMPT, TINY, seconds=0.5, melody=each) for each in (None, low, low, high)]
    without = [make_from_text(plain_ctx, PROMPT, TINY, seconds=0.5, melody=each) for each in (None, low)]

    assert made[1] == made[2]
    assert made[0] != made[1] != made[3]
    assert not ctx.messages
    assert without[0] == without[1]
    assert plain_ctx.messages == ["this model takes no melody; it is left out"]
    with pytest.raises(MediaError, match="silent"):
        make_from_text(ctx, PROMPT, TINY, seconds=0.5, melody=Audio(np.zeros(8000), 8000))


@pytest.mark.parametrize(("hertz", "pitch_class"), [(261.63, 0), (440.0, 9), (493.88, 11)])
def test_the_melody_is_the_strongest_pitch_class(hertz: float, pitch_class: int) -> None:
    from studio_audio.melody import find_melody

    found = find_melody(make_tone(hertz, 1.0, rate=44_100, channels=2), {}, 32_000)

    assert found.shape == (1, 1 + 32_000 // 4096, 12)
    assert found.sum(axis=-1).eq(1).all()
    assert found[0, 1:-1].argmax(axis=-1).eq(pitch_class).all()


def test_musicgen_in_stereo_makes_two_channels(open_tiny: Open) -> None:
    made = make_from_text(open_tiny("musicgen", channels=2), PROMPT, TINY, seconds=0.73)

    assert made.samples.shape == (5840, 2)
    assert not np.array_equal(made.samples[:, 0], made.samples[:, 1])


@pytest.mark.parametrize(("name", "longest"), [("musicgen", 3.0), ("stable_audio", 2.0)])
def test_a_sound_can_be_as_long_as_the_model_can_make_it_and_no_longer(
    open_tiny: Open, name: str, longest: float
) -> None:
    ctx = open_tiny(name)

    assert make_from_text(ctx, PROMPT, TINY, seconds=longest, **few_steps(name)).duration == longest
    with pytest.raises(MediaError, match=f"E640.*{longest:g}"):
        make_from_text(ctx, PROMPT, TINY, seconds=longest + 0.1)


def test_a_sound_far_longer_than_the_model_knows_is_told(open_tiny: Open) -> None:
    ctx = open_tiny("audioldm2")

    assert make_from_text(ctx, PROMPT, TINY, seconds=1.5, steps=1).duration == 1.5
    assert "0.64 seconds" in ctx.messages[0]


@pytest.mark.parametrize(("name", "total"), [("musicgen", 27), ("audioldm2", 3), ("stable_audio", 3)])
def test_each_step_or_token_is_told_and_can_be_the_last(open_tiny: Open, name: str, total: int) -> None:
    ctx = open_tiny(name)
    make_from_text(ctx, PROMPT, TINY, seconds=0.5, **few_steps(name))

    assert ctx.steps == [(0, 0), *((done, total) for done in range(1, total + 1))]
    stopped = TestContext(models=ctx.models, cancel_at_step=3)
    with pytest.raises(Cancelled):
        make_from_text(stopped, PROMPT, TINY, seconds=0.5, **few_steps(name))
    assert len(stopped.steps) == 3


def test_numbers_that_are_none_are_no_sound(open_tiny: Open) -> None:
    ctx = open_tiny("stable_audio")
    weight = ctx.models[TINY.reference].network.vae.decoder.conv2.weight_v
    weight.data.fill_(float("nan"))

    with pytest.raises(ModelError, match="E649"):
        make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=1)


def test_another_model_and_no_model_are_errors_with_a_hint() -> None:
    with pytest.raises(ModelError, match="E648") as caught:
        make_from_text(TestContext(models={TINY.reference: object()}), PROMPT, TINY)
    assert "MusicGen" in caught.value.hint
    with pytest.raises(ModelError, match="E602"):
        make_from_text(TestContext(), PROMPT, TINY)


@pytest.mark.parametrize("name", KINDS)
def test_one_opener_and_no_other_opens_a_model_for_sound(tiny: Callable[..., Path], name: str) -> None:
    openers = [each for plugin in (studio_diffusion, studio_speech, studio_audio)
               for each in plugin.studio_model_openers()]  # fmt: skip

    assert [type(each) for each in openers if each.can_open(tiny(name), TINY)] == [MusicOpener]
    assert MusicOpener().measure(open_folder(tiny(name))) > 10_000


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model_index.json", {"_class_name": "StableDiffusionPipeline"}),
        ("model_index.json", {"_class_name": ["my_pipeline", "AudioLDM2Pipeline"]}),
        ("model_index.json", []),
        ("config.json", {"architectures": ["VitsModel"]}),
        ("config.json", {"architectures": []}),
        ("config.json", {"_class_name": "AudioLDM2Pipeline"}),
    ],
)
def test_other_folders_are_left_to_other_openers(tmp_path: Path, file: str, content: Any) -> None:
    (tmp_path / file).write_text(json.dumps(content), encoding="utf-8")

    assert not MusicOpener().can_open(tmp_path, TINY)
    assert not MusicOpener().can_open(tmp_path / file, TINY)
    assert not MusicOpener().can_open(tmp_path / "nosuch", TINY)


def test_audioldm2_may_name_its_language_model_without_its_head(open_tiny: Open) -> None:
    ctx = open_tiny("audioldm2", language_model="GPT2Model")

    assert make_from_text(ctx, PROMPT, TINY, seconds=0.5, steps=1).duration == 0.5


def test_weights_of_half_precision_alone_are_found(tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("audioldm"), tmp_path / "model")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").rename(
        folder / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    )

    assert open_folder(folder).networks


def test_a_folder_that_is_not_whole_says_what_is_missing(tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("stable_audio"), tmp_path / "model")
    config = json.loads((folder / "text_encoder" / "config.json").read_text(encoding="utf-8"))
    (folder / "text_encoder" / "config.json").write_text(json.dumps(config | {"num_layers": 2}), encoding="utf-8")

    with pytest.raises(ModelError, match=r"E648.*text_encoder.*lack"):
        open_folder(folder)
    (folder / "text_encoder" / "model.safetensors").rename(folder / "text_encoder" / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"E648.*missing safetensors.*text_encoder"):
        open_folder(folder)
    shutil.rmtree(folder / "vae")
    with pytest.raises(ModelError, match=r"E648.*lacks its vae"):
        open_folder(folder)
    with pytest.raises(ModelError, match=r"E648.*unknown load option"):
        open_folder(folder, Model("local:x", (("vae", "file:x"),)))


def test_python_in_a_folder_is_never_run(tiny: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("stable_audio"), tmp_path / "model")
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')\nclass StableAudioDiTModel: pass\n"
    for place in (folder, folder / "transformer"):
        (place / "mine.py").write_text(trap, encoding="utf-8")
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    index |= {"transformer": ["mine", "StableAudioDiTModel"]}
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")

    with pytest.raises(ModelError, match=r"E648.*unknown class 'StableAudioDiTModel' of 'transformer' in mine"):
        open_folder(folder)
    assert not (tmp_path / "ran").exists()


def test_the_sampler_of_stable_audio_steps_as_the_one_that_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from studio_audio.cosine_sampler import create_cosine_sampler

    theirs = import_cosine_scheduler(monkeypatch)(final_sigmas_type="zero")
    ours = create_cosine_sampler(theirs.config)
    for each in (ours, theirs):
        each.set_timesteps(6)
    noise, drawn = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    start = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0)) * ours.init_noise_sigma
    theirs.noise_sampler = lambda *_: torch.randn(start.shape, generator=noise)

    assert torch.allclose(ours.timesteps, theirs.timesteps, atol=1e-6)
    one = other = start
    for our_time, their_time in zip(ours.timesteps, theirs.timesteps, strict=True):
        one = ours.step(ours.scale_model_input(one, our_time).tanh(), our_time, one, generator=drawn).prev_sample
        other = theirs.step(theirs.scale_model_input(other, their_time).tanh(), their_time, other).prev_sample
    assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["musicgen", "audioldm2"])
def test_a_graph_makes_a_sound_with_a_model_from_a_folder(tiny: Callable[..., Path], tmp_path: Path, name: str) -> None:
    inputs = {"prompt": PROMPT, "seconds": 0.5, "model": f"file:{tiny(name)}"} | few_steps(name)
    node = {"type": "audio.from_text", "inputs": inputs}
    graph = {"studio": 1, "nodes": {"rain": node}, "outputs": {"sound": {"from": "rain.audio"}}}
    plugins = [("pictures", studio_diffusion), ("speech", studio_speech), ("given", studio_audio)]

    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")
    with Studio(settings, plugins=plugins, discover=False, on_disk=False) as studio:
        result = studio.run(graph)

    assert not result.errors
    assert result["sound"].frames == 4000
