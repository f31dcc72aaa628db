"""Tiny models of the real classes with random weights, written to a folder: a few hundred kB each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from tokenizers import pre_tokenizers

from studio.api.quiet import hush

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,-!?'"


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Draw weights that are the same every time, and leave the global generator alone."""
    with torch.random.fork_rng(devices=[]), hush("diffusers", "transformers"):
        torch.manual_seed(seed)
        yield


def make_t5_tokenizer(length: int = 32) -> Any:
    """Make a T5 tokenizer for which every letter is a piece."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((each, -3.0) for each in _LETTERS)]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=length)


def make_roberta_tokenizer(length: int = 32) -> Any:
    """Make a byte-level tokenizer of RoBERTa without merges."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokens = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return transformers.RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=length)


def make_t5(size: int = 16) -> Any:
    """Make a T5 encoder's config."""
    return transformers.T5Config(vocab_size=64, d_model=size, d_kv=8, d_ff=16, num_layers=1, num_heads=2)


def write_musicgen_melody(folder: Path) -> Path:
    """Write a MusicGen model that takes a melody."""
    write_musicgen(folder, melody=True)
    settings = {"feature_extractor_type": "MusicgenMelodyFeatureExtractor", "n_fft": 1024, "hop_length": 512}
    (folder / "preprocessor_config.json").write_text(
        json.dumps(settings | {"num_chroma": 12, "chunk_length": 2}), encoding="utf-8"
    )
    return folder


def write_musicgen(folder: Path, channels: int = 1, melody: bool = False) -> Path:
    """Write a MusicGen model, mono or stereo, at 50 tokens a second and 3 seconds at most."""
    kind = "MusicgenMelody" if melody else "Musicgen"
    codec = transformers.EncodecConfig(
        sampling_rate=8000,
        audio_channels=1,
        target_bandwidths=[0.8],
        hidden_size=8,
        num_filters=4,
        num_residual_layers=1,
        upsampling_ratios=[8, 5, 4],
        codebook_size=32,
        codebook_dim=8,
        num_lstm_layers=1,
        use_causal_conv=False,
    )
    decoder = getattr(transformers, f"{kind}DecoderConfig")(
        vocab_size=32,
        max_position_embeddings=300,
        num_hidden_layers=1,
        ffn_dim=16,
        num_attention_heads=2,
        hidden_size=16,
        num_codebooks=2 * channels,
        audio_channels=channels,
        pad_token_id=32,
        bos_token_id=32,
        eos_token_id=None,
    )
    with seeded():
        config = getattr(transformers, f"{kind}Config")(
            text_encoder=make_t5(24).to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict()
        )
        network = getattr(transformers, f"{kind}ForConditionalGeneration")(config)
        for layer in network.audio_encoder.quantizer.layers:  # or all tokens sound alike
            torch.nn.init.normal_(layer.codebook.embed)
        with torch.no_grad():  # or the words make no difference
            parts = [network.text_encoder, network.enc_to_dec_proj, network.decoder]
            for each in [*parts, network.audio_enc_to_dec_proj] if melody else parts:
                for weight in each.parameters():
                    if weight.ndim == 2:
                        weight.mul_(8.0)
        network.generation_config = transformers.GenerationConfig(
            pad_token_id=32,
            bos_token_id=32,
            decoder_start_token_id=32,
            do_sample=True,
            guidance_scale=3.0,
            max_length=150,
        )
        network.save_pretrained(folder)
        make_t5_tokenizer().save_pretrained(folder)
    return folder


def _make_vocoder() -> Any:
    made = transformers.SpeechT5HifiGan(
        transformers.SpeechT5HifiGanConfig(
            model_in_dim=8,
            sampling_rate=8000,
            upsample_initial_channel=8,
            upsample_rates=[10, 8],
            upsample_kernel_sizes=[20, 16],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3]],
            normalize_before=False,
        )
    )
    with torch.no_grad():  # or one hears nothing
        for weight in made.parameters():
            if weight.ndim == 3:
                weight.mul_(20.0)
    return made


def _make_clap() -> Any:
    text = transformers.ClapTextConfig(
        vocab_size=300,
        hidden_size=16,
        intermediate_size=16,
        num_attention_heads=2,
        num_hidden_layers=1,
        projection_dim=16,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    audio = transformers.ClapAudioConfig(
        spec_size=64,
        window_size=4,
        num_mel_bins=64,
        depths=[1, 1],
        num_attention_heads=[2, 2],
        num_hidden_layers=2,
        hidden_size=32,
        patch_embeds_hidden_size=16,
        projection_dim=16,
        patch_size=2,
        patch_stride=2,
    )
    return transformers.ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=16)


def _make_latent_parts() -> dict[str, Any]:
    """Make what all models with a mel spectrogram as an image have."""
    vae = diffusers.AutoencoderKL(
        block_out_channels=[8, 8],
        in_channels=1,
        out_channels=1,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        norm_num_groups=4,
    )
    scheduler = diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False
    )
    return {"vae": vae, "scheduler": scheduler, "vocoder": _make_vocoder(), "tokenizer": make_roberta_tokenizer()}


_BLOCKS: dict[str, Any] = {
    "block_out_channels": (8, 16),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 4,
    "sample_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
}


def write_audioldm2(folder: Path, language_model: str = "GPT2LMHeadModel") -> Path:
    """Write an AudioLDM2 pipeline."""
    with seeded():
        gpt2 = transformers.GPT2Config(n_embd=16, n_head=2, n_layer=1, vocab_size=40, n_positions=80)
        gpt2.max_new_tokens = 4
        diffusers.AudioLDM2Pipeline(
            **_make_latent_parts(),
            text_encoder=transformers.ClapModel(_make_clap()),
            text_encoder_2=transformers.T5EncoderModel(make_t5(24)),
            tokenizer_2=make_t5_tokenizer(),
            feature_extractor=transformers.ClapFeatureExtractor(),
            projection_model=diffusers.AudioLDM2ProjectionModel(16, 24, 16),
            language_model=getattr(transformers, language_model)(gpt2),
            unet=diffusers.AudioLDM2UNet2DConditionModel(**_BLOCKS, cross_attention_dim=([None, 16, 24],) * 2),
        ).save_pretrained(folder)
    return folder


def _make_simple_unet() -> Any:
    return diffusers.UNet2DConditionModel(
        **_BLOCKS,
        cross_attention_dim=16,
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=16,
        class_embeddings_concat=True,
    )


def write_audioldm(folder: Path) -> Path:
    """Write an AudioLDM pipeline."""
    with seeded():
        diffusers.AudioLDMPipeline(
            **_make_latent_parts(),
            text_encoder=transformers.ClapTextModelWithProjection(_make_clap().text_config),
            unet=_make_simple_unet(),
        ).save_pretrained(folder)
    return folder


def write_musicldm(folder: Path) -> Path:
    """Write a MusicLDM pipeline."""
    with seeded():
        diffusers.MusicLDMPipeline(
            **_make_latent_parts(),
            text_encoder=transformers.ClapModel(_make_clap()),
            feature_extractor=transformers.ClapFeatureExtractor(),
            unet=_make_simple_unet(),
        ).save_pretrained(folder)
    return folder


def write_stable_audio(folder: Path) -> Path:
    """Write a Stable Audio pipeline in stereo, 2 seconds at most; its index names the scheduler of the real one."""
    with seeded():
        diffusers.StableAudioPipeline(
            vae=diffusers.AutoencoderOobleck(
                encoder_hidden_size=4,
                downsampling_ratios=[4, 8],
                decoder_channels=4,
                decoder_input_channels=3,
                audio_channels=2,
                channel_multiples=[1, 2],
                sampling_rate=8000,
            ),
            text_encoder=transformers.T5EncoderModel(make_t5()),
            tokenizer=make_t5_tokenizer(),
            projection_model=diffusers.StableAudioProjectionModel(16, 8, 0, 512),
            transformer=diffusers.StableAudioDiTModel(
                sample_size=500,
                in_channels=3,
                out_channels=3,
                num_layers=1,
                attention_head_dim=4,
                num_attention_heads=2,
                num_key_value_attention_heads=2,
                cross_attention_dim=8,
                time_proj_dim=8,
                global_states_input_dim=16,
                cross_attention_input_dim=8,
            ),
            scheduler=diffusers.EDMDPMSolverMultistepScheduler(),
        ).save_pretrained(folder)
    name = "CosineDPMSolverMultistepScheduler"
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    (folder / "model_index.json").write_text(json.dumps(index | {"scheduler": ["diffusers", name]}), encoding="utf-8")
    config = {"_class_name": name, "sigma_min": 0.3, "sigma_max": 500, "sigma_data": 1.0, "solver_order": 2}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
