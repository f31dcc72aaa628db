"""Tiny models of the real classes with random weights, written to a folder: a few hundred kB each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from studio.api.quiet import hush

LETTERS = " abcdefghijklmnopqrstuvwxyz'.,?"


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Draw weights that are the same every time, and leave the global generator alone."""
    with torch.random.fork_rng(devices=[]), hush("transformers"):
        torch.manual_seed(seed)
        yield


def write_vits(folder: Path, speakers: int = 1) -> Path:
    """Write a VITS model, as MMS are, that knows letters alone."""
    with seeded():
        config = transformers.VitsConfig(
            vocab_size=len(LETTERS) + 2,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            ffn_dim=16,
            flow_size=8,
            spectrogram_bins=9,
            num_speakers=speakers,
            speaker_embedding_size=8 if speakers > 1 else 0,
            prior_encoder_num_flows=1,
            prior_encoder_num_wavenet_layers=1,
            posterior_encoder_num_wavenet_layers=1,
            duration_predictor_num_flows=2,
            duration_predictor_flow_bins=4,
            depth_separable_num_layers=1,
            upsample_initial_channel=16,
            upsample_rates=[8, 8],
            upsample_kernel_sizes=[16, 16],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3]],
            sampling_rate=16_000,
        )
        transformers.VitsModel(config).save_pretrained(folder)
    vocabulary = {letter: index for index, letter in enumerate(["<pad>", "<unk>", *LETTERS])}
    (folder / "letters.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    tokenizer = transformers.VitsTokenizer(
        str(folder / "letters.json"), pad_token="<pad>", unk_token="<unk>", phonemize=False, language="eng"
    )
    tokenizer.save_pretrained(folder)
    (folder / "letters.json").unlink()
    return folder


def write_vocoder(folder: Path) -> Path:
    """Write the vocoder of SpeechT5."""
    with seeded():
        config = transformers.SpeechT5HifiGanConfig(
            model_in_dim=8,
            upsample_initial_channel=8,
            upsample_rates=[4, 4],
            upsample_kernel_sizes=[8, 8],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3]],
        )
        transformers.SpeechT5HifiGan(config).save_pretrained(folder)
    return folder


def write_speecht5(folder: Path, vocoder: bool = True) -> Path:
    """Write a SpeechT5 model with two speakers' vectors, and its vocoder in the same folder."""
    with seeded():
        config = transformers.SpeechT5Config(
            vocab_size=len(LETTERS) + 4,
            hidden_size=16,
            encoder_layers=1,
            encoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_layers=1,
            decoder_attention_heads=2,
            decoder_ffn_dim=16,
            num_mel_bins=8,
            speech_decoder_prenet_units=16,
            speech_decoder_postnet_layers=2,
            speech_decoder_postnet_units=16,
            speaker_embedding_dim=4,
            reduction_factor=2,
            conv_dim=(8,),
            conv_stride=(5,),
            conv_kernel=(10,),
            num_feat_extract_layers=1,
        )
        network = transformers.SpeechT5ForTextToSpeech(config)
        torch.nn.init.constant_(network.speech_decoder_postnet.prob_out.bias, -4.0)  # or it ends at once
        network.save_pretrained(folder)
    make_letter_tokenizer(["<s>", "<pad>", "</s>", "<unk>", *LETTERS]).save_pretrained(folder)
    (folder / "speaker_embeddings").mkdir()
    for index, name in enumerate(("ada", "bo")):
        np.save(folder / "speaker_embeddings" / f"{name}.npy", np.eye(4, dtype=np.float32)[index])
    if vocoder:
        write_vocoder(folder / "vocoder")
    return folder


def write_bark(folder: Path) -> Path:
    """Write a Bark model: three language models over tokens and an EnCodec that makes sound of them."""
    from transformers.models.bark import BarkConfig, BarkModel
    from transformers.models.bark.generation_configuration_bark import BarkGenerationConfig

    small = {"block_size": 600, "num_layers": 1, "num_heads": 2, "hidden_size": 16, "use_cache": True}
    codec = transformers.EncodecConfig(
        sampling_rate=24_000,
        target_bandwidths=[2.25],
        hidden_size=8,
        num_filters=4,
        num_residual_layers=1,
        upsampling_ratios=[8, 5, 4, 2],
        codebook_size=1024,
        num_lstm_layers=1,
    )
    with seeded():
        config = BarkConfig(
            semantic_config={**small, "input_vocab_size": 10_210, "output_vocab_size": 10_210},
            coarse_acoustics_config={**small, "input_vocab_size": 12_096, "output_vocab_size": 12_096},
            fine_acoustics_config={
                **small, "block_size": 1024, "input_vocab_size": 1056, "output_vocab_size": 1056, "n_codes_total": 3,
                "n_codes_given": 1,
            },
            codec_config=codec.to_dict(),
        )  # fmt: skip
        network = BarkModel(config)
        network.save_pretrained(folder)
    settings = BarkGenerationConfig(
        semantic_config={"max_new_tokens": 24, "text_pad_token": 10_200, "semantic_infer_token": 10_201},
        coarse_acoustics_config={"max_coarse_input_length": 64},
        fine_acoustics_config={"n_fine_codebooks": 3},
    )
    (folder / "generation_config.json").write_text(json.dumps(settings.to_dict()), encoding="utf-8")
    make_letter_tokenizer(["[PAD]", "[UNK]", *LETTERS, *"0123456789"]).save_pretrained(folder)
    return folder


def make_letter_tokenizer(tokens: list[str]) -> Any:
    """Make a tokenizer for which every letter is a token."""
    from tokenizers import Regex

    names = {each.strip("<>[]").lower(): each for each in tokens if len(each) > 1}
    unknown = names.get("unk")
    backend = Tokenizer(models.WordLevel({token: index for index, token in enumerate(tokens)}, unk_token=unknown))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    backend.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token=names["pad"], unk_token=unknown)


def write_whisper(folder: Path) -> Path:
    """Write a Whisper model with a byte-level tokenizer and Whisper's special tokens."""
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>",
               "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]  # fmt: skip
    stamps = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["Ġthe", "Ġsea", "Ġsun", "."]
    vocabulary = {token: index for index, token in enumerate([*letters, *words[:3]])}
    tokenizer = transformers.WhisperTokenizer(vocab=vocabulary, merges=[])
    tokenizer.add_tokens(special, special_tokens=True)
    tokenizer.add_tokens([transformers.AddedToken(each, special=False) for each in stamps])
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in (*special, stamps[0])}
    with seeded():
        config = transformers.WhisperConfig(
            vocab_size=len(tokenizer),
            num_mel_bins=8,
            d_model=16,
            encoder_layers=1,
            encoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_layers=1,
            decoder_attention_heads=2,
            decoder_ffn_dim=16,
            max_target_positions=64,
            decoder_start_token_id=ids["<|startoftranscript|>"],
            eos_token_id=ids["<|endoftext|>"],
            bos_token_id=ids["<|endoftext|>"],
            pad_token_id=ids["<|endoftext|>"],
            suppress_tokens=None,
            begin_suppress_tokens=None,
        )
        network = transformers.WhisperForConditionalGeneration(config)
        network.generation_config = transformers.GenerationConfig(
            decoder_start_token_id=ids["<|startoftranscript|>"],
            eos_token_id=ids["<|endoftext|>"],
            pad_token_id=ids["<|endoftext|>"],
            no_timestamps_token_id=ids["<|notimestamps|>"],
            is_multilingual=True,
            lang_to_id={"<|en|>": ids["<|en|>"], "<|de|>": ids["<|de|>"]},
            task_to_id={"translate": ids["<|translate|>"], "transcribe": ids["<|transcribe|>"]},
            max_length=24,
        )
        network.save_pretrained(folder)
    extractor = transformers.WhisperFeatureExtractor(feature_size=8)
    transformers.WhisperProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder


def write_wav2vec2(folder: Path) -> Path:
    """Write a wav2vec 2.0 model with a CTC head."""
    tokens = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefgh"]
    with seeded():
        config = transformers.Wav2Vec2Config(
            vocab_size=len(tokens),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            conv_dim=(8, 8),
            conv_stride=(20, 16),
            conv_kernel=(20, 16),
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=2,
            pad_token_id=0,
            ctc_loss_reduction="mean",
        )
        network = transformers.Wav2Vec2ForCTC(config)
        torch.nn.init.normal_(network.lm_head.weight, std=4.0)
        network.save_pretrained(folder)
    path = folder / "letters.json"
    path.write_text(json.dumps({token: index for index, token in enumerate(tokens)}), encoding="utf-8")
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(path))
    extractor = transformers.Wav2Vec2FeatureExtractor(return_attention_mask=False)
    transformers.Wav2Vec2Processor(extractor, tokenizer).save_pretrained(folder)
    path.unlink()
    return folder
