"""The opener of models that speak (VITS, SpeechT5, Bark, Kokoro) and listen (Whisper, wav2vec 2.0).

Nothing here reaches the network, loads a pickle or runs code that came with a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError, ModelOpener, is_out_of_memory
from studio.api.model_folder import read_json
from studio_speech.kokoro_folder import is_kokoro
from studio_speech.model_folder import find_class, find_kind, find_vocoder, read_options


class SpeechOpener(ModelOpener):
    """Opens what transformers can load for speech."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is a folder whose config.json names a model that speaks or listens, or Kokoro."""
        return find_class(path) is not None or is_kokoro(path)

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say whether this is a speaker or a listener."""
        return "speaker" if is_kokoro(path) else find_kind(find_class(path) or "")

    def parts(self, path: Path, model: Model) -> Mapping[str, Path]:
        """Return the vocoder's folder, where there is one."""
        vocoder = find_vocoder(path, find_class(path) or "", read_options(model))
        return {"vocoder": vocoder} if vocoder else {}

    def open_part(self, name: str, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Load a vocoder."""
        architectures = read_json(path / "config.json", "E668").get("architectures") or ["?"]
        kind = str(architectures[0])
        if not kind.endswith("HifiGan"):
            raise ModelError("E667", f"invalid vocoder {kind!r}", hint="take the one the model was made for")
        return _load(kind, path, device, dtype)

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load a model; a `NeuralVoice`, a `KokoroVoice` or a `Recognizer`.

        Raises:
            ModelError: E667 if the library does not have its class, E668 if something is missing.
        """
        if is_kokoro(path):
            from studio_speech.kokoro import KokoroVoice

            read_options(model)
            return KokoroVoice(path, device)
        name = find_class(path)
        if name is None:
            raise ModelError("E667", f"{str(path)!r} is not a model that speaks or listens", hint="see its config.json")
        parts = dict(parts)
        for part, folder in self.parts(path, model).items():
            if part not in parts:
                parts[part] = self.open_part(part, folder, model, device=device, dtype=dtype)
        network = _load(name, path, device, dtype)
        if find_kind(name) == "speaker":
            from studio_speech.neural_voice import NeuralVoice

            return NeuralVoice(network, _load_processor(path, name), path, parts.get("vocoder"))
        from studio_speech.recognizer import Recognizer

        return Recognizer(network, _load_processor(path, name))

    def measure(self, opened: Any) -> int:
        """Return the bytes of all weights of a model or of a vocoder."""
        if hasattr(opened, "measure"):
            return int(opened.measure())
        networks = opened.networks if hasattr(opened, "networks") else [opened]
        tensors = [each for network in networks for each in (*network.parameters(), *network.buffers())]
        return sum({id(each): each.numel() * each.element_size() for each in tensors}.values())

    def save_memory(self, opened: Any) -> str | None:
        """Do nothing: what is said or heard at once is short already."""
        return None

    def close(self, opened: Any) -> None:
        """Release the weights; a vocoder that another model uses stays loaded."""
        if hasattr(opened, "close"):
            opened.close()


def _load(name: str, path: Path, device: str, dtype: str) -> Any:
    """Load a network from safetensors."""
    import torch
    import transformers

    from studio.api.quiet import hush

    kind = getattr(transformers, name, None)
    if kind is None or not hasattr(kind, "from_pretrained"):
        version = transformers.__version__
        raise ModelError("E667", f"transformers {version} has no {name!r}", hint="a newer version may have it")
    if not any(path.glob("*.safetensors")):
        raise ModelError("E668", f"missing safetensors in {str(path)!r}", hint="copy them too, or convert the weights")
    wanted = torch.float32 if device.partition(":")[0] == "cpu" else getattr(torch, dtype)
    try:
        with hush("transformers"):
            network, report = kind.from_pretrained(
                str(path), use_safetensors=True, local_files_only=True, dtype=wanted, output_loading_info=True
            )
    except Exception as error:  # whatever a library says of files that are wrong
        raise _explain(error, f"the weights in {str(path)!r}") from error
    _check_weights(path, report)
    return network.to(device).eval()


def _check_weights(path: Path, report: Mapping[str, Any]) -> None:
    """Refuse weights that lack what the configuration asks for, or have it in another shape."""
    missing = sorted(str(key) for key in report.get("missing_keys", ()))
    wrong = [str(each[0]) for each in report.get("mismatched_keys", ())]
    if missing or wrong:
        what = f"lack {missing[0]!r}" if missing else f"have {wrong[0]!r} in another shape"
        raise ModelError(
            "E668", f"the weights in {str(path)!r} {what}", hint="weights and config.json do not belong together"
        )


def _load_processor(path: Path, name: str) -> Any:
    """Load what turns text or audio into a network's input, and back."""
    import transformers

    from studio.api.quiet import hush

    settings: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    autos = (
        ("AutoTokenizer",) if name in ("VitsModel", "SpeechT5ForTextToSpeech") else ("AutoProcessor", "AutoTokenizer")
    )
    first: Exception | None = None
    with hush("transformers"):
        for auto in autos:
            try:
                return getattr(transformers, auto).from_pretrained(str(path), **settings)
            except Exception as error:
                first = first or error
    assert first is not None
    raise _explain(first, f"the tokenizer in {str(path)!r}") from first


def _explain(error: Exception, what: str) -> Exception:
    """Return the error that says which file is wrong; memory errors stay as they are."""
    if is_out_of_memory(error) or isinstance(error, ModelError):
        return error
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return ModelError("E668", f"{what} cannot be loaded: {reason[:300]}", hint="copy the model again, whole")
