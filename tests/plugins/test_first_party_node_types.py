"""Every node type of every first-party plugin passes `check_node_type`, which any author can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studio_audio
import studio_diffusion
import studio_image
import studio_logic
import studio_provenance
import studio_scenes
import studio_speech
import studio_style
import studio_text
import studio_train
import studio_upscale
import studio_video
import studio_vision
from studio.api import Audio, Conditioning, Image, Latent, Mask, Model, Video, get_node_type, hookimpl
from studio.testing import Report, check_node_type
from studio_audio.spectra import analyse_stft
from studio_audio.spectrogram import Spectrogram, SpectrogramType
from studio_diffusion.control_value import Control
from studio_text.settings import TextSettings
from tests.plugins.studio_text.chat import serve_chat

PLUGINS = (
    studio_audio,
    studio_diffusion,
    studio_image,
    studio_logic,
    studio_provenance,
    studio_scenes,
    studio_speech,
    studio_style,
    studio_text,
    studio_train,
    studio_upscale,
    studio_video,
    studio_vision,
)
FUNCTIONS = {get_node_type(f).id: f for plugin in PLUGINS for f in plugin.studio_node_types()}


@cache
def picture(width: int = 24, height: int = 16, channels: int = 3) -> Image:
    """A picture with an edge, a ramp and some texture, 8 bits."""
    y, x = np.mgrid[:height, :width]
    planes = [(x * 255) // max(width - 1, 1), (y * 255) // max(height - 1, 1), np.where(x > y, 220, 30),
              128 + (x * y) % 64]  # fmt: skip
    return Image(np.stack(planes[:channels], axis=2).astype(np.uint8))


@cache
def mask(width: int = 24, height: int = 16) -> Mask:
    """A mask with a soft edge."""
    return Mask(np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1)))


@cache
def latent(value: float = 0.5) -> Latent:
    """A flat latent of no model's space."""
    return Latent(np.full((4, 4, 6), value, np.float32), "a space", 24, 16)


def conditioning(value: float = 0.5) -> Conditioning:
    """A prompt of no model's text encoders."""
    return Conditioning({"prompt_embeds": np.full((1, 3, 4), value, np.float32)}, "a space", {"prompt": "a word"})


@cache
def cutout(kind: int = 0) -> Image:
    """A disc or a bar in front of nothing."""
    y, x = np.mgrid[:20, :24]
    alpha = (x - 12) ** 2 + (y - 10) ** 2 < 80 if kind == 0 else abs(x - 12) < 5
    return Image(np.stack([x * 10, y * 12, 0 * x + 90 * kind, alpha * 255], axis=2).astype(np.uint8))


def scene_labels() -> list[dict[str, Any]]:
    """What is known of the picture: one box, one mask."""
    place = {"left": 2, "top": 3, "width": 8, "height": 6}
    mask = {"size": [16, 24], "counts": [40, 20, 324]}
    return [{"label": "disc", **place}, {"label": "bar", **place, "order": 1, "mask": mask}]


@cache
def sound(seconds: float = 0.4, frequency: float = 440.0) -> Audio:
    """A tone with harmonics that dies away, mono, 8 kHz."""
    time = np.arange(round(8000 * seconds)) / 8000
    wave = sum(np.sin(2 * np.pi * frequency * h * time) / h for h in (1, 2, 3)) * np.exp(-2 * time)
    return Audio(0.3 * wave.astype(np.float32), 8000)


@cache
def song() -> Audio:
    """Twelve notes on a beat."""
    return Audio(np.concatenate([sound(0.5, hertz).samples for hertz in (220.0, 262.0, 330.0, 294.0) * 3]), 8000)


@cache
def hiss() -> Audio:
    """Four seconds of noise."""
    return Audio(np.random.default_rng(0).normal(0, 0.1, 64_000).astype(np.float32), 16_000)


@cache
def spectrogram(frequency: float = 440.0) -> Spectrogram:
    """A short spectrogram."""
    return analyse_stft(sound(0.1, frequency), 64, 16)


@cache
def film() -> Video:
    """Four small frames with a sound."""
    return Video.from_images([picture(), picture(channels=3)] * 2, Fraction(4), sound())


@cache
def marks(*words: str) -> dict[str, Any]:
    """What `speech.say` tells of one sentence, or of none."""
    sentence = {"text": " ".join(words), "start": 0.0, "end": 1.5, "words": []}
    return {"seconds": 2.0, "estimated": False, "sentences": [sentence] if words else []}


class WithModels:
    """A plugin, with tiny models beside it, and openers of other plugins for them."""

    def __init__(self, plugin: Any, models: Mapping[str, Path], openers: Sequence[Any] = ()) -> None:
        self._plugin, self._models, self._openers = plugin, models, openers

    @hookimpl
    def studio_node_types(self) -> Any:
        """Return the plugin's node types."""
        return self._plugin.studio_node_types()

    @hookimpl
    def studio_value_types(self) -> Any:
        """Return the plugin's value types."""
        return getattr(self._plugin, "studio_value_types", tuple)()

    @hookimpl
    def studio_model_openers(self) -> Any:
        """Return the plugin's openers."""
        return [*self._plugin.studio_model_openers(), *self._openers]

    @hookimpl
    def studio_models(self) -> Mapping[str, Path]:
        """Return the tiny models."""
        return self._models


@pytest.fixture(scope="session")
def speech_plugin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The speech plugin with tiny models to speak, to listen and to find speech with."""
    from studio_audio.cleaning_opener import CleaningOpener
    from tests.plugins.studio_audio.test_voice_detector import write_detector
    from tests.plugins.studio_speech.tiny_models import write_vits, write_whisper

    folder = tmp_path_factory.mktemp("speech")
    models = {"mini-speaker": write_vits(folder / "speaker"), "mini-listener": write_whisper(folder / "listener")}
    models["mini-vad"] = write_detector(folder / "vad.safetensors")
    return WithModels(studio_speech, models, [CleaningOpener()])


@pytest.fixture(scope="session")
def music_plugin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plugin for sound with tiny models to make it from words."""
    from tests.plugins.studio_audio.tiny_models import write_audioldm2, write_musicgen

    folder = tmp_path_factory.mktemp("music")
    models = {"mini-music": write_musicgen(folder / "music"), "mini-sounds": write_audioldm2(folder / "sounds")}
    return WithModels(studio_audio, models)


@pytest.fixture(scope="session")
def listening_plugin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plugin for sound with a network of random weights that finds speech."""
    from tests.plugins.studio_audio.test_voice_detector import write_detector

    path = tmp_path_factory.mktemp("listening") / "vad.safetensors"
    return WithModels(studio_audio, {"mini-vad": write_detector(path)})


@pytest.fixture(scope="session")
def style_plugin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plugin for style with a thin network beside it."""
    from tests.plugins.studio_style.tiny_networks import make_vgg_tensors, save

    folder = tmp_path_factory.mktemp("style")
    return WithModels(studio_style, {"tiny-vgg": save(make_vgg_tensors(), folder / "vgg.safetensors")})


@pytest.fixture(scope="session")
def mini_plugin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The diffusion plugin with tiny models in place of those that ship with it."""
    from tests.plugins.studio_diffusion.conftest import MiniPlugin
    from tests.plugins.studio_diffusion.tiny_editors import write_kontext
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3, write_tiny_sd3_controlnet

    folder = tmp_path_factory.mktemp("mini")
    about = {"steps": 2, "guidance_scale": 2.0, "width": 16, "height": 16, "max_sequence_length": 8}
    mini = write_tiny_sd3(folder / "mini", t5=False, channels=8, **about)
    net = write_tiny_sd3_controlnet(folder / "net", mini)
    return MiniPlugin({"mini": mini, "mini-sketch": net, "mini-editor": write_kontext(folder / "editor")})


@pytest.fixture(scope="session")
def mini_values(mini_plugin: Any) -> dict[str, Any]:
    """Values that only the tiny model makes: an empty latent, a drawn one, two conditionings."""
    from studio.testing import TestContext
    from studio_diffusion.nodes import parts
    from studio_diffusion.opener import DiffusionOpener

    model, path = Model("builtin:mini"), mini_plugin.models["mini"]
    opened = DiffusionOpener().open(path, model, device="cpu", dtype="float32", parts={})
    ctx = TestContext(models={model.reference: opened})
    return {
        "empty": parts.make_empty_latent(ctx),
        "encoded": parts.encode_image(ctx, picture(16)),
        "words": parts.encode_prompt(ctx, "an apple"),
        "other words": parts.encode_prompt(ctx, "a heart"),
    }


@pytest.fixture(scope="session")
def picture_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PNG file."""
    path = tmp_path_factory.mktemp("media") / "picture.png"
    picture().to_pillow().save(path)
    return str(path)


@pytest.fixture(scope="session")
def lut_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a color lookup table of three curves."""
    path = tmp_path_factory.mktemp("media") / "warm.cube"
    path.write_text("LUT_1D_SIZE 2\n0.1 0 0\n1 0.9 0.8\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def table_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a CSV file."""
    path = tmp_path_factory.mktemp("media") / "table.csv"
    path.write_text("name; price\nLamp; 40\n")
    return str(path)


@pytest.fixture(scope="session")
def sound_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a WAV file."""
    from studio.api import AudioType

    path = tmp_path_factory.mktemp("media") / "sound.wav"
    AudioType().write_file(sound(), path, None)
    return str(path)


@pytest.fixture(scope="session")
def film_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an MKV file."""
    from studio.api import VideoType

    path = tmp_path_factory.mktemp("media") / "film.mkv"
    VideoType().write_file(film(), path, None)
    return str(path)


@pytest.fixture(scope="session")
def film_plugin(mini_plugin: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plugin for films with tiny models that draw, and what opens them."""
    from tests.plugins.studio_video.tiny_video_pipelines import write_wan

    class FilmPlugin(WithModels):
        @hookimpl
        def studio_model_openers(self) -> Any:
            """Return the openers of the plugin for diffusion."""
            return studio_diffusion.studio_model_openers()

    mini = mini_plugin.models["mini"]
    films = {"mini-wan": write_wan(tmp_path_factory.mktemp("films") / "wan")}
    return FilmPlugin(studio_video, {"mini": mini, "mini-film": mini, **films})


@pytest.fixture(scope="session")
def training_plugin(mini_plugin: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plugin that trains, with a tiny model that draws, and what opens it; and with two small autoencoders."""
    from studio_diffusion.opener import DiffusionOpener
    from tests.plugins.studio_train.small_autoencoders import write_autoencoder

    class TrainingPlugin(WithModels):
        @hookimpl
        def studio_model_openers(self) -> Any:
            """Return its own opener, and that of the plugin for diffusion."""
            return [*super().studio_model_openers(), DiffusionOpener()]

    mini, coders = mini_plugin.models["mini"], tmp_path_factory.mktemp("coders")
    coder, other = (write_autoencoder(coders / f"{size}.safetensors", size) for size in (16, 24))
    return TrainingPlugin(studio_train, {"mini": mini, "other-mini": mini, "coder": coder, "other-coder": other})


@pytest.fixture
def text_settings() -> Iterator[TextSettings]:
    """Settings with the address of a server that answers."""
    with serve_chat() as server:
        yield TextSettings(server.url)


MINI = Model("builtin:mini")
CODER = Model("builtin:coder")
OTHER_CODER = {"model": Model("builtin:other-coder")}
LITTLE: dict[str, Any] = {"rank": 1, "text_rank": 1, "prior_prompts": ["a cat", "a dog"]}
EXAMPLES: dict[str, dict[str, Any]] = {
    "audio.load": {"file": "sound_file"},
    "audio.save": {"audio": sound(), "path": "saved/sound.flac"},
    "audio.from_video": {"video": film()},
    "audio.info": {"audio": sound()},
    "audio.tone": {"seconds": 0.05, "frequency": 500.0, "sample_rate": 8000},
    "audio.noise": {"seconds": 0.05, "sample_rate": 8000},
    "audio.silence": {"seconds": 0.05, "sample_rate": 8000},
    "audio.trim": {"audio": sound(), "start": 0.1, "pad_end": True},
    "audio.concatenate": {"audios": [sound(), sound(0.2)], "gap": 0.01},
    "audio.mix": {"audios": [sound(), sound(0.2)], "gains": [0.0, -6.0], "offsets": [0.0, 0.1]},
    "audio.fade": {"audio": sound(), "fade_in": 0.1},
    "audio.crossfade": {"first": sound(), "second": sound(0.2), "fade_seconds": 0.1},
    "audio.trim_silence": {"audio": sound()},
    "audio.remix_channels": {"audio": sound(), "layout": "stereo"},
    "audio.reverse": {"audio": sound()},
    "audio.gain": {"audio": sound(), "gain": -6.0},
    "audio.normalize": {"audio": sound()},
    "audio.compress": {"audio": sound()},
    "audio.limit": {"audio": sound(), "gain": 6.0},
    "audio.duck": {"music": sound(), "voice": sound(0.2)},
    "audio.gate": {"audio": sound()},
    "audio.cut_silence": {"audio": sound()},
    "audio.delay": {"audio": sound(), "seconds": 0.1},
    "audio.pan": {"audio": sound(), "pan": 0.5},
    "audio.loop": {"audio": sound(), "seconds": 1.0},
    "audio.split_bands": {"audio": sound(), "low": 300.0, "high": 1000.0},
    "audio.envelope": {"audio": sound()},
    "audio.equalize": {"audio": sound(), "bands": [{"frequency": 1000, "gain": 3}], "bass": 3.0},
    "audio.reverb": {"audio": sound(), "decay_seconds": 0.1},
    "audio.denoise": {"audio": sound()},
    "audio.deess": {"audio": sound(), "frequency": 1000.0},
    "audio.modulate": {"audio": sound(), "kind": "flanger", "frequency": 4.0},
    "audio.resample": {"audio": sound(), "sample_rate": 11_025},
    "audio.time_stretch": {"audio": sound(), "speed": 0.8},
    "audio.pitch_shift": {"audio": sound(), "semitones": 2.0},
    "audio.split_harmonic_percussive": {"audio": sound()},
    "audio.spectrogram": {"audio": sound(), "window": 256},
    "audio.from_spectrogram": {"spectrogram": spectrogram(), "iterations": 2},
    "audio.spectrogram_image": {"spectrogram": spectrogram()},
    "audio.from_spectrogram_image": {"image": picture(), "sample_rate": 8000, "hop": 32},
    "audio.plot": {"audio": sound(), "width": 128, "height": 96},
    "audio.transfer": {"content": sound(), "style": sound(0.3, 700.0), "phase_iterations": 1, "iterations": 1},
    "audio.change_voice": {"audio": sound(0.4, 200.0)},
    "audio.analyze": {"audio": sound(), "width": 128, "height": 96},
    "audio.soundtrack": {"music": song(), "seconds": 5.0},
    "audio.motion_curve": {"video": film()},
    "audio.from_text": {"prompt": "rain on a roof", "seconds": 0.3, "model": Model("builtin:mini-music")},
    "check.silence": {"audio": sound()},
    "check.clipping": {"audio": sound()},
    "check.loudness": {"audio": sound()},
    "check.text": {"image": picture(channels=4), "ground": picture(), "color": "#00008a"},
    "check.image": {"image": picture(channels=4), "max_black": 0.9, "max_blur": 0.9},
    "check.frames": {"video": film()},
    "diffusion.text_to_image": {"prompt": "an apple", "count": 2},
    "diffusion.edit_image": {"images": [picture()], "prompt": "an apple", "model": Model("builtin:mini-editor")},
    "diffusion.control": {"image": picture()},
    "diffusion.sketch_to_image": {"sketch": picture(), "prompt": "an apple"},
    "diffusion.image_to_image": {"image": picture(), "prompt": "an apple"},
    "diffusion.variations": {"image": picture(), "count": 2},
    "diffusion.inpaint": {"image": picture(), "mask": mask(), "prompt": "an apple"},
    "diffusion.outpaint": {"image": picture(), "prompt": "an apple", "left": 8},
    "diffusion.encode_prompt": {"prompt": "an apple"},
    "diffusion.empty_latent": {},
    "diffusion.encode_image": {"image": picture()},
    "diffusion.sample": {"latent": "empty", "conditioning": "words"},
    "diffusion.combine_conditioning": {"conditionings": [conditioning()]},
    "diffusion.set_conditioning_area": {"conditioning": conditioning()},
    "diffusion.set_conditioning_mask": {"conditioning": conditioning(), "mask": mask()},
    "diffusion.set_conditioning_range": {"conditioning": conditioning()},
    "diffusion.decode_latent": {"latent": "encoded"},
    "diffusion.blend_latents": {"base": latent(), "top": latent(0.75)},
    "diffusion.composite_latents": {"base": latent(), "top": latent(0.75)},
    "diffusion.upscale_latent": {"latent": latent()},
    "image.load": {"file": "picture_file"},
    "image.save": {"image": picture(), "path": "saved/picture.png"},
    "image.save_layers": {"image": picture(), "layers": [picture()], "names": ["b"], "path": "saved/layers.exr"},
    "image.info": {"image": picture()},
    "image.new": {"width": 8, "height": 8, "color": "teal"},
    "image.gradient": {"width": 16, "height": 8},
    "image.noise": {"width": 16, "height": 8, "kind": "clouds", "scale": 4.0},
    "provenance.mark": {"image": picture(200, 160)},
    "provenance.label": {"image": picture(200, 160)},
    "provenance.label_audio": {"audio": sound()},
    "provenance.inspect": {"file": "picture_file"},
    "provenance.find_mark": {"image": picture(200, 160)},
    "provenance.mark_video": {"video": Video.from_images([picture(200, 160)] * 2, Fraction(4), sound())},
    "provenance.find_mark_in_video": {"video": Video.from_images([picture(200, 160)] * 2, Fraction(4))},
    "provenance.mark_audio": {"audio": hiss()},
    "provenance.find_mark_in_audio": {"audio": song()},
    "image.resize": {"image": picture(), "width": 13},
    "image.crop": {"image": picture(), "x": 2, "y": 2, "width": 8, "height": 8},
    "image.choose_size": {"aspect": "3:2", "megapixels": 0.25, "multiple_of": 8},
    "image.find_region": {"image": picture(channels=4), "padding": 1},
    "image.remove_color": {"image": picture(), "color": "#202020"},
    "image.clean_edges": {"image": picture(channels=4)},
    "image.paste_back": {"base": picture(), "top": picture(8), "x": 2, "y": 3, "feather": 1.0},
    "image.add_shadow": {"image": picture(channels=4), "blur": 1.0},
    "image.add_glow": {"image": picture(channels=4), "radius": 1.0},
    "image.add_stroke": {"image": picture(channels=4), "width": 2.0},
    "image.round_corners": {"image": picture(), "radius": 4.0},
    "image.stack": {"images": [picture(), picture(8)], "gap": 1},
    "image.compare": {"before": picture(), "after": picture(8)},
    "image.rotate": {"image": picture(), "angle": 30.0},
    "image.flip": {"image": picture()},
    "image.add_border": {"image": picture(), "width": 3, "radius": 2.0},
    "image.adjust": {"image": picture(), "contrast": 1.2, "hue": 20.0},
    "image.levels": {"image": picture(), "black_point": 0.1, "gamma": 1.3},
    "image.auto_levels": {"image": picture()},
    "image.curves": {"image": picture(), "points": [[0, 0], [0.5, 0.6], [1, 1]], "red": [[0, 0.1], [1, 1]]},
    "image.white_balance": {"image": picture()},
    "image.apply_lut": {"image": picture(), "lut_file": "lut_file"},
    "image.vignette": {"image": picture()},
    "image.convolve": {"image": picture(), "kernel": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]},
    "image.bloom": {"image": picture(), "radius": 2.0, "threshold": 0.2},
    "image.gradient_map": {"image": picture()},
    "image.quantize": {"image": picture(), "color_count": 4},
    "image.pixelate": {"image": picture(), "size": 5},
    "image.shift_channels": {"image": picture(), "red_x": 2, "blue_y": -3},
    "image.invert": {"image": picture()},
    "image.threshold": {"image": picture()},
    "image.convert": {"image": picture(channels=4), "channels": "rgb"},
    "image.convert_color": {"image": picture(channels=4), "target": "ACEScg"},
    "image.histogram": {"image": picture(), "bins": 16, "width": 64, "height": 32},
    "image.split_channels": {"image": picture(channels=4)},
    "image.merge_channels": {"red": picture(channels=1), "green": picture(channels=1), "blue": picture(channels=1)},
    "image.blur": {"image": picture(), "radius": 1.5},
    "image.sharpen": {"image": picture()},
    "image.edges": {"image": picture()},
    "image.add_noise": {"image": picture()},
    "image.mask_from_color": {"image": picture(), "color": "#202020"},
    "image.mask_from_alpha": {"image": picture(channels=4)},
    "image.mask_from_luma": {"image": picture()},
    "image.from_mask": {"mask": mask()},
    "image.new_mask": {"width": 24, "height": 16, "shape": "ellipse", "feather": 1.0},
    "image.edit_mask": {"mask": mask(), "grow": 2, "feather": 1.0},
    "image.combine_masks": {"first": mask(), "second": mask()},
    "image.resize_mask": {"mask": mask(), "width": 9, "height": 7},
    "image.apply_mask": {"image": picture(), "mask": mask()},
    "image.composite": {"base": picture(), "top": picture(8, 8, 4), "x": 3, "mode": "multiply"},
    "image.blend": {"base": picture(), "top": picture(), "mask": mask()},
    "image.draw_text": {"image": picture(64, 32), "text": "Ähm", "font_size": 12.0, "shadow": "#000000a0"},
    "image.draw_shape": {"image": picture(), "shape": "star", "width": 12, "height": 10, "line_width": 1.0},
    "image.draw_svg": {
        "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="6"><path d="M0 0h4v6z"/></svg>'
    },
    "image.qr_code": {"text": "studio", "size": 48},
    "image.fill_hole": {"image": picture(), "mask": mask()},
    "image.transform": {"image": picture(), "corners": [[2, 1], [20, 3], [22, 14], [1, 12]]},
    "image.correct_lens": {"image": picture(), "strength": 0.2},
    "image.measure": {"image": picture(), "other": picture(channels=4)},
    "image.palette": {"image": picture(), "color_count": 3},
    "image.caption": {"image": picture(96, 64), "text": "A title", "subtitle": "below"},
    "image.grid": {"images": [picture(), picture(channels=4)], "labels": ["one", "two"]},
    "logic.switch": {"condition": True, "if_true": picture(), "if_false": "a text"},
    "logic.choose": {"case": 2, "case_1": 1, "case_2": [1.5, 2.5]},
    "logic.match": {"text": "b", "names": ["a", "b"], "case_1": "first", "case_2": "second", "otherwise": "neither"},
    "logic.compare": {"a": 1, "b": 1.5, "operator": "<"},
    "logic.compare_text": {"a": "Straße", "b": "STRASSE", "ignore_case": True},
    "logic.all": {"conditions": [True, False]},
    "logic.any": {"conditions": [True, False]},
    "logic.not": {"condition": False},
    "logic.product": {"first": ["a", "b"], "second": [1, 2, 3]},
    "logic.product_of_three": {"first": ["a", "b"], "second": [1, 2], "third": [True, False]},
    "logic.collect": {"items": [picture(), picture(channels=1)]},
    "logic.concatenate": {"first": ["a"], "second": ["b", "c"]},
    "logic.repeat": {"value": picture(), "count": 3},
    "logic.range": {"stop": 9, "step": 2},
    "logic.length": {"items": ["a", "b"]},
    "logic.item": {"items": ["a", "b", "c"], "index": -1},
    "logic.slice": {"items": [1, 2, 3, 4], "start": 1, "reverse": True},
    "logic.sort": {"items": [3, 1, 2], "reverse": True},
    "logic.filter": {"items": ["a", "b"], "conditions": [True, False]},
    "logic.shuffle": {"items": ["a", "b", "c"], "seed": 4},
    "logic.unique": {"items": ["a", "b", "A"]},
    "logic.pick": {"items": ["a", "b", "c"], "count": 2, "seed": 4},
    "logic.chunk": {"items": [1, 2, 3], "size": 2},
    "logic.zip": {"names": ["name", "age"], "a": ["Ada", "Alan"], "b": [36, 41]},
    "logic.read_csv": {"file": "table_file"},
    "logic.seed_list": {"seed": 7, "count": 3},
    "logic.calculate": {"expression": "max(a, 2) * b", "a": 3, "b": 0.5},
    "logic.curve": {"points": [[0, 0], [0.2, 1]], "fps": 10.0},
    "logic.to_int": {"number": 2.5},
    "logic.to_float": {"number": 2},
    "logic.template": {"template": "a {color} {a}", "values": {"color": "red"}, "a": "apple"},
    "logic.fill_wildcards": {"text": "a {red|green|blue} __fruit__", "lists": {"fruit": ["apple", "pear"]}},
    "logic.expand_wildcards": {"text": "a {red|green|blue} __fruit__", "lists": {"fruit": ["apple", "pear"]}},
    "logic.split_text": {"text": "one\ntwo\n\nthree"},
    "logic.join_text": {"texts": ["one", "two"]},
    "logic.replace_text": {"text": "an apple", "find": "apple", "replacement": "pear"},
    "logic.extract_text": {"record": {"note": "seed 12, Seed 7"}, "field": "note", "pattern": "seed (\\d+)"},
    "logic.format_date": {"date": "2026-03-14T09:30"},
    "logic.number_to_text": {"number": 7, "min_digits": 3},
    "logic.get_json": {"value": {"items": [{"name": "x"}]}, "pointer": "/items/0/name"},
    "logic.set_json": {"value": {"from": "here"}, "pointer": "/to", "entry": [1, {"deep": None}]},
    "logic.parse_json": {"text": '{"a": [1, 2.5, null, "x"]}'},
    "logic.to_text": {"value": {"a": 1}, "indent": 2},
    "logic.to_number": {"value": "1.5e3"},
    "logic.to_list": {"value": [1, "two", None]},
    "logic.to_json": {"values": [{"a": 1}, "two"]},
    "scenes.compose": {
        "things": [cutout(), cutout(1)],
        "names": ["disc", "bar"],
        "count": 3,
        "width": 32,
        "height": 32,
    },
    "scenes.draw_labels": {"image": picture(), "labels": scene_labels()},
    "scenes.masks": {"image": picture(), "labels": scene_labels()},
    "scenes.write": {"images": [picture(), picture()], "labels": [scene_labels(), []], "path": "saved/set.zip"},
    "speech.say": {"text": "It rains. Dr. Smith has 2 apples."},
    "speech.voices": {"language": "en"},
    "speech.to_text": {"audio": sound(), "model": Model("builtin:mini-listener")},
    "speech.lip_curve": {"audio": sound()},
    "speech.subtitles": {"marks": marks("It", "rains.")},
    "speech.save_subtitles": {"marks": marks("It", "rains."), "path": "a.srt"},
    "style.transfer": {"content": picture(48, 32), "style": picture(40, 40), "quality": "draft"},
    "upscale.image": {"image": picture()},
    "vision.line_art": {"image": picture()},
    "vision.remove_background": {"image": picture()},
    "upscale.denoise": {"image": picture(channels=4)},
    "upscale.restore": {"image": picture(channels=1)},
    "upscale.video": {"video": film(), "batch_size": 3},
    "style.color_transfer": {"content": picture(), "style": picture(channels=1)},
    "style.colorize": {"image": picture(channels=1), "exemplar": picture(32, 20)},
    "style.photo_filter": {"image": picture()},
    "style.transfer_video": {"video": film(), "style": picture(40, 40)},
    "text.ask_server": {"prompt": "Why?", "model": "tiny", "max_tokens": 8},
    "text.storyboard": {"sentence": "a fox wakes up, then it eats", "shots": 3, "subject": "a fox", "style": "ink"},
    "train.lora": {"images": [picture(), picture(20)], "captions": ["an apple"], "steps": 2, "batch_size": 1, **LITTLE},
    "train.autoencoder": {"images": [picture(side) for side in (16, 17, 18, 20, 22, 24)], "size": 16, "steps": 2},
    "latent.find_anomaly": {"image": picture(), "model": CODER},
    "latent.denoise": {"image": picture(), "model": CODER},
    "latent.sample": {"model": CODER},
    "latent.interpolate": {"first": picture(), "second": picture(20), "model": CODER},
    "style.colorize_video": {"video": film(), "keyframes": [picture()]},
    "video.load": {"file": "film_file"},
    "video.load_images": {"files": ["picture_file", "picture_file"], "fps": 2.0, "sort_files": False},
    "video.save": {"video": film(), "path": "saved/film.mkv"},
    "video.probe": {"file": "film_file"},
    "video.trim": {"video": film(), "start": 0.25, "end": 0.75},
    "video.concatenate": {"videos": [film(), film()], "transition": "crossfade", "transition_seconds": 0.25},
    "video.fade": {"video": film(), "fade_in": 0.5, "fade_out": 0.5},
    "video.crop": {"video": film(), "width": 8, "height": 8, "x": 2, "y": 3},
    "video.resize": {"video": film(), "width": 12},
    "video.cut_spans": {"video": film(), "spans": [[0, 0.25], [0.5, 1.0]]},
    "video.stack": {"videos": [film(), film()], "gap": 2},
    "video.speed": {"video": film(), "speed": 2.0},
    "video.reverse": {"video": film()},
    "video.loop": {"video": film(), "count": 2},
    "video.freeze": {"video": film(), "at": 0.3, "seconds": 0.5},
    "video.stabilize": {"video": film()},
    "video.deinterlace": {"video": film()},
    "video.overlay": {"video": film(), "image": picture(8, 8, 4), "x": 2, "y": 2},
    "video.picture_in_picture": {"video": film(), "inset": film(), "margin": 1, "border": 1},
    "video.title": {"video": film(), "text": "Hm", "font_scale": 0.5, "move_seconds": 0.3},
    "video.draw_subtitles": {
        "video": film(),
        "subtitles": "1\n00:00:00,000 --> 00:00:00,500\nIt rains.\n",
        "font_scale": 0.3,
    },
    "video.mux": {"video": film(), "audio": sound(0.3)},
    "video.frames": {"video": film(), "count": 2},
    "video.from_frames": {"images": [picture(), picture(channels=1)], "fps": 2.0},
    "video.from_audio": {"audio": sound(), "width": 48, "height": 16, "fps": 10.0},
    "video.contact_sheet": {"video": film(), "count": 3, "columns": 2, "width": 48},
    "video.info": {"video": film()},
    "video.find_scenes": {"video": film()},
    "video.interpolate": {"video": film(), "fps": 6.0},
    "video.denoise": {"video": film(), "sigma": 0.1, "frames_around": 1},
    "video.deflicker": {"video": film()},
    "video.animate": {"image": picture(), "seconds": 0.2, "fps": 10.0},
    "video.redraw": {"video": film(), "model": Model("builtin:mini-wan"), "prompt": "an apple", "steps": 2},
    "video.from_text": {"prompt": "an apple", "seconds": 0.3, "fps": 10.0, "keyframes_per_second": 4.0},
    "video.storyboard": {
        "images": [picture()],
        "narrations": [sound()],
        "captions": ["Hm."],
        "fps": 2.0,
        "width": 32,
    },
}


SEEN = {"image_prompt": [picture()], "image_prompt_model": MINI}
FOLLOWED = {"control": [Control(picture(), Model("builtin:mini-sketch"), "weights")]}
VARIANTS: dict[str, dict[str, Any]] = {
    "image.draw_svg": {
        "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="6"><path d="M0 0h9v6z"/></svg>'
    },
    "provenance.label_audio": {"sign": sound(0.2)},
    "provenance.mark": {"payload": "0123456789abcdef"},
    "provenance.mark_video": {"payload": "0123456789abcdef"},
    "provenance.mark_audio": {"payload": "0123456789abcdef"},
    "logic.format_date": {"date": "2027-01-02"},
    "logic.curve": {"points": [[0, 1], [0.4, 0]]},
    "audio.trim": {"seconds": 0.1, "end": 0.3},
    "audio.concatenate": {"audios": [sound(), sound(0.3)]},
    "audio.mix": {"audios": [sound(), sound(0.3)], "gains": [0.0, -3.0], "offsets": [0.0, 0.2], "pans": [-1.0, 1.0]},
    "audio.gain": {"curve": [[0, -6]]},
    "audio.compress": {"key": sound(0.3)},
    "audio.envelope": {"min_frequency": 100.0, "max_frequency": 1000.0},
    "audio.remix_channels": {"layout": "swap", "select": [1]},
    "audio.equalize": {"bands": []},
    "audio.trim_silence": {"model": Model("builtin:mini-vad")},
    "audio.duck": {"model": Model("builtin:mini-vad")},
    "image.transform": {"corners": [[0, 0], [24, 0], [20, 16], [4, 16]]},
    "image.curves": {name: [[0, 1], [1, 0]] for name in ("points", "red", "green", "blue")},
    "audio.spectrogram": {"window": 512},
    "audio.from_spectrogram": {"spectrogram": spectrogram(300.0)},
    "audio.spectrogram_image": {"spectrogram": spectrogram(300.0)},
    "audio.from_spectrogram_image": {"like": spectrogram()},
    "audio.soundtrack": {"video": film(), "intensity": [[0, 0.5], [4, 1]]},
    "audio.from_text": {"model": Model("builtin:mini-sounds"), "guidance_scale": 2.0},
    "diffusion.text_to_image": {**SEEN, **FOLLOWED, "loras": [MINI]},
    "vision.remove_background": {"boxes": [{"left": 4, "top": 4, "width": 9, "height": 8}]},
    "diffusion.image_to_image": {**SEEN, **FOLLOWED, "loras": [MINI]},
    "diffusion.control": {"controlnet": MINI},
    "diffusion.edit_image": {"loras": [MINI], "model": MINI, "images": [picture(channels=1)], "sigmas": [1.0, 0.0]},
    "diffusion.inpaint": {**SEEN, **FOLLOWED, "loras": [MINI]},
    "diffusion.outpaint": {**SEEN, **FOLLOWED, "loras": [MINI]},
    "diffusion.sketch_to_image": {**SEEN, "loras": [MINI]},
    "diffusion.variations": {**SEEN, **FOLLOWED, "loras": [MINI], "sigmas": [1.0, 0.0]},
    "diffusion.sample": {"latent": "encoded", "conditioning": "other words"},
    "diffusion.combine_conditioning": {"conditionings": [conditioning(0.25)]},
    "diffusion.set_conditioning_area": {"conditioning": conditioning(0.25)},
    "diffusion.set_conditioning_mask": {"conditioning": conditioning(0.25)},
    "diffusion.set_conditioning_range": {"conditioning": conditioning(0.25)},
    "diffusion.decode_latent": {"latent": "empty"},
    "diffusion.blend_latents": {"base": latent(0.25), "top": latent(1.0)},
    "diffusion.composite_latents": {"base": latent(0.25), "top": latent(1.0)},
    "diffusion.upscale_latent": {"latent": latent(0.25)},
    "scenes.compose": {"backgrounds": [picture()], "distractors": [cutout(1)]},
    "scenes.draw_labels": {"labels": scene_labels()[:1]},
    "scenes.masks": {"labels": scene_labels()[:1]},
    "speech.say": {"model": Model("builtin:mini-speaker"), "voice": "f2", "language": "de"},
    "speech.to_text": {"language": "de", "voice_detector": Model("builtin:mini-vad")},
    "speech.subtitles": {"marks": marks()},
    "speech.save_subtitles": {"marks": marks()},
    "train.lora": {"test_prompts": ["a cat"], "precision": "bfloat16", "size": 32, "learning_rate": 0.1},
    "latent.find_anomaly": OTHER_CODER,
    "latent.denoise": {"noise": 0.3} | OTHER_CODER,
    "latent.sample": OTHER_CODER,
    "latent.interpolate": OTHER_CODER,
    "style.transfer": {"model": Model("builtin:tiny-vgg"), "more_styles": [picture()], "style_weights": [2.0]},
    "style.colorize": {"exemplar": picture(), "scribbles": picture(channels=4)},
    "style.transfer_video": {"more_styles": [picture()], "style_weights": [2.0]},
    "style.colorize_video": {"keyframes": [picture(32, 20)], "at_seconds": [0.0]},
    "video.concatenate": {"videos": [film(), film(), film()]},
    "video.cut_spans": {"spans": [[0.25, 0.5]]},
    "video.stack": {"videos": [film()], "columns": 1, "direction": "grid"},
    "image.convolve": {"kernel": [[1, 2, 1]]},
    "video.trim": {"end": 1.0},
    "video.from_frames": {"audio": sound()},
    "video.load_images": {"audio": sound()},
    "video.deflicker": {"guide": film()},
    "video.animate": {"model": Model("builtin:mini-film"), "loras": [Model("builtin:mini-film")]},
    "video.from_text": {"loras": [Model("builtin:mini-film")]},
    "video.redraw": {"loras": [Model("builtin:mini-film")]},
    "video.storyboard": {"images": [picture(channels=1)], "narrations": [sound(0.2)]},
}


UNVARIED = {"audio.denoise": {"model"}, "upscale.image": {"clean_model"}}
"""Inputs for which there is no second value here: test_deep_filter.py and test_looks.py have models for them."""


PACKAGES = {"image.draw_svg": "resvg_py", "image.qr_code": "segno"}
"""Node types that need a package of an extra."""


LOOKING = {"vision.depth", "vision.detect", "vision.faces", "vision.pose", "vision.segment", "vision.find_foreground"}
"""Node types that need a network: studio_vision/test_models.py checks them with tiny ones."""


@pytest.mark.parametrize("node_type", [name for name in FUNCTIONS if name not in LOOKING])
def test_every_first_party_node_type_keeps_its_promises(node_type: str, request: pytest.FixtureRequest) -> None:
    if node_type in PACKAGES:
        pytest.importorskip(PACKAGES[node_type], reason="needs the extra studio[drawing]")
    example, variants = dict(EXAMPLES.get(node_type, {})), dict(VARIANTS.get(node_type, {}))
    options: dict[str, Any] = {"variants": variants, "example_graph": False}  # see test_examples.py
    if node_type.startswith("diffusion."):
        options["plugin"] = request.getfixturevalue("mini_plugin")
        values = request.getfixturevalue("mini_values")
        for given in (example, variants):
            made = {name: values[value] for name, value in given.items() if isinstance(value, str) and value in values}
            given.update(made)
    if node_type.startswith("upscale."):
        options["plugin"] = studio_upscale
    if node_type in ("speech.say", "speech.to_text"):
        options["plugin"] = request.getfixturevalue("speech_plugin")
    if node_type.startswith(("latent.", "train.")):
        options["plugin"] = request.getfixturevalue("training_plugin")
    if node_type == "text.ask_server":
        options["settings"] = request.getfixturevalue("text_settings")
    if node_type == "style.transfer":
        options["plugin"] = request.getfixturevalue("style_plugin")
    if node_type in ("video.animate", "video.from_text", "video.redraw"):
        options["plugin"] = request.getfixturevalue("film_plugin")
    if node_type == "audio.from_text":
        options["plugin"] = request.getfixturevalue("music_plugin")
    elif node_type in ("audio.duck", "audio.trim_silence"):
        options["plugin"] = request.getfixturevalue("listening_plugin")
    elif node_type.startswith("audio."):
        options["value_types"] = [SpectrogramType()]
    if example.get("file") in ("picture_file", "sound_file", "film_file", "table_file"):
        example["file"] = request.getfixturevalue(example["file"])
    if "lut_file" in example:
        example["lut_file"] = request.getfixturevalue("lut_file")
    if "picture_file" in example.get("files", ()):
        example["files"] = [request.getfixturevalue(name) for name in example["files"]]

    report = check_node_type(FUNCTIONS[node_type], **options, **example)

    assert isinstance(report, Report)
    skipped = {check.name.removeprefix("sensitivity to ") for check in report.skipped if "sensitivity" in check.name}
    assert skipped == UNVARIED.get(node_type, set())


def test_every_first_party_node_type_has_an_example() -> None:
    assert sorted(EXAMPLES) == sorted(FUNCTIONS.keys() - LOOKING)


@pytest.mark.parametrize("name", ["style.transfer", "image.grid", "image.edit_mask", "audio.transfer"])
def test_node_types_that_take_long_can_be_cancelled(name: str) -> None:
    function: Callable[..., Any] = FUNCTIONS[name]

    report = check_node_type(function, cancels=True, value_types=[SpectrogramType()], **EXAMPLES[name])

    assert "cancellation" in report.passed
