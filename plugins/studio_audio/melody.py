"""The melody of audio as MusicGen Melody takes it: for each moment the pitch class that is strongest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from studio.api import Audio
from studio_audio.bounds import check_audible
from studio_audio.channels import mix_to_mono
from studio_audio.join import cut
from studio_audio.resample import resample


def find_melody(audio: Audio, settings: Mapping[str, Any], rate: int) -> Any:
    """Return 1 x moments x pitch classes: 1 for the strongest of each moment, 0 for the others.

    A power spectrogram folded into pitch classes, the greatest kept (Copet et al. 2023, section 3.3).

    Args:
        audio: Audio with the melody; of a long one the beginning counts, as much as the model was trained with.
        settings: The feature extractor's settings as published; what is missing has the values of the paper.
        rate: Sample rate of the model.

    Raises:
        MediaError: E642 for audio that is empty or silent.
    """
    import torch
    from transformers.audio_utils import chroma_filter_bank

    size, hop = int(settings.get("n_fft", 16_384)), int(settings.get("hop_length", 4096))
    count, longest = int(settings.get("num_chroma", 12)), float(settings.get("chunk_length", 30))
    head = cut(audio, 0, min(audio.frames, round(longest * audio.rate)))
    check_audible(head, 0.0, "a melody")
    wave = torch.from_numpy(resample(mix_to_mono(head.samples), head.rate, rate)[:, 0].copy())
    short = size - len(wave)
    if short > 0:
        wave = torch.nn.functional.pad(wave, (short // 2, short - short // 2))
    spectrum = torch.stft(wave, size, hop, window=torch.hann_window(size), return_complex=True).abs() ** 2
    filters = chroma_filter_bank(sampling_rate=rate, num_frequency_bins=size, tuning=0, num_chroma=count)
    strongest = (torch.from_numpy(np.asarray(filters, np.float32)) @ spectrum).argmax(dim=0)
    return torch.nn.functional.one_hot(strongest, count).float()[None]
