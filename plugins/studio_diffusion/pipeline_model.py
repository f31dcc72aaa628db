"""`PipelineModel`: a diffusers pipeline in memory, by task, with what nodes need to know about it."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import diffusers
import torch

from studio.api import ModelError
from studio.api.quiet import hush
from studio_diffusion import samplers
from studio_diffusion.arguments import guess_tasks, list_parameters, makes_videos, read_defaults, translate
from studio_diffusion.controlnet import ControlNetModelHandle, check_fit
from studio_diffusion.embedding_words import Embeddings
from studio_diffusion.families import (
    CONTROL,
    CONTROL_IMAGE,
    CONTROL_INPAINT,
    INPAINT,
    OTHER,
    Family,
    find_family,
)
from studio_diffusion.measures import Measures
from studio_diffusion.noise_plan import NoisePlan, read_noise_plan
from studio_diffusion.sampler_names import OURS, OWN
from studio_diffusion.sigma_scheduler import SigmaScheduler, create_sigma_scheduler

_VAES = ("vae", "movq", "vqgan", "decoder_pipe.vqgan")
_SPACE = ("latent_channels", "vq_embed_dim", "z_dim", "scaling_factor", "shift_factor", "latents_mean", "latents_std")


class PipelineModel:
    """A diffusers pipeline in memory.

    Attributes:
        pipeline: The pipeline that the folder names, on device and dtype, without progress bar or safety checker.
        info: What is known of its architecture.
        about: What `studio.json` beside the model says: defaults, words that it knows, a description.
        measures: What it can do against a lack of memory.
        device: Where it computes.
        embeddings: Words of prompts that stand for vectors.
        train_lora: Trains a LoRA in it while a block lasts, for node types of other plugins: `fine_tuning.train_lora`
            without its first argument; the opener sets it.
    """

    def __init__(
        self, pipeline: Any, *, about: Mapping[str, Any] | None = None, device: str = "cpu", offload: str = ""
    ) -> None:
        self.pipeline = _prepare(pipeline)
        self.about = dict(about or {})
        self.info = find_info(pipeline)
        self.device = torch.device(device)
        self.embeddings = Embeddings()
        self.train_lora: Callable[..., AbstractContextManager[Any]] | None = None
        self._scheduler = pipeline.scheduler  # the one that it came with; calls put their own into pipelines
        self._views: dict[str, Any] = {}
        self.measures = Measures(self, device, offload)

    @property
    def family(self) -> str:
        """Name of the architecture; "other" if it is none of the table."""
        return self.info.name

    @functools.cached_property
    def tasks(self) -> frozenset[str]:
        """Tasks that it can do."""
        if self.info is OTHER:
            return guess_tasks(type(self.pipeline))
        tasks = {task for task in self.info.pipelines if self._has_modules(task)}
        channels = _read(self._find_denoiser(), "in_channels")
        latents = _read(self.find_vae(), "latent_channels")
        masked = bool(latents) and channels == 2 * latents + 1
        if self.family in ("sd", "sdxl", "kandinsky22") and masked:
            tasks &= {INPAINT, CONTROL_INPAINT}
        elif self.family == "kandinsky22":
            tasks -= {INPAINT}
        return frozenset(tasks)

    def for_task(
        self, task: str, controlnet: ControlNetModelHandle | Sequence[ControlNetModelHandle] | None = None
    ) -> Any:
        """Return the pipeline for a task; it shares all modules with `pipeline`.

        Args:
            task: "text_to_image", "image_to_image", "inpaint", "controlnet", "controlnet_image_to_image" or
                "controlnet_inpaint".
            controlnet: The opened ControlNet, or several, for the last three.

        Raises:
            ModelError: E616 if this model cannot do that, E617 if the ControlNet is not for it.
        """
        if task.startswith(CONTROL):
            return self._build_controlled(task, controlnet)
        if task not in self.tasks:
            raise self._refuse(task)
        if task not in self._views or self.measures.hooks_views:
            self._views[task] = self._build(task)
        return self._views[task]

    def arguments(self, task: str, *, pipeline: Any = None, **wanted: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Translate inputs of a node into arguments of the pipeline for a task.

        Args:
            task: The task.
            pipeline: The pipeline that is called, where several classes do the task.
            **wanted: `prompt`, `negative_prompt`, `width`, `height`, `steps`, `guidance_scale`, `count`, `image`,
                `mask_image`, `control_image`, `strength`, ..., and anything else by the pipeline's own name. None
                stands for the pipeline's default.

        Returns:
            The arguments, and the names of those inputs that this pipeline has no argument for.
        """
        kind: Any = self._find_class(task) if pipeline is None else type(pipeline)
        takes = list_parameters(kind)
        if "steps" in wanted:
            wanted |= self._scale_steps(wanted["steps"], takes)
        if "use_resolution_binning" in takes:
            wanted.setdefault("use_resolution_binning", False)  # the size that was asked for, not one near it
        found, lost = translate(kind, self.info, wanted)
        if "intermediate_timesteps" in takes and found.get("num_inference_steps") != 2:
            found["intermediate_timesteps"] = None
        return found, lost

    def _scale_steps(self, steps: int, takes: Collection[str]) -> dict[str, int]:
        """Return the further step counts that a pipeline takes."""
        scales = self.info.step_scale.items()
        return {name: max(2, round(share * steps)) for name, share in scales if name in takes}

    @property
    def schedulers(self) -> tuple[str, ...]:
        """Names of the samplers that it can take; "auto" is the one that it came with."""
        return samplers.find_samplers(self._scheduler, own_only=self.info.own_sampler)

    def follows_plan(self, sampler: str, plan: NoisePlan) -> bool:
        """Say whether a drawing needs a scheduler of ours, for its noise levels or for its sampler."""
        return not plan.is_plain or sampler in OURS

    def make_planned_scheduler(
        self, sampler: str, plan: NoisePlan, *, strength: float = 1.0, seeds: Sequence[int] = (0,)
    ) -> SigmaScheduler:
        """Return a fresh scheduler that follows a plan.

        Args:
            sampler: Name of the sampler.
            plan: Which noise levels to visit.
            strength: Share of the steps to take, from the end.
            seeds: One for each image.

        Raises:
            ModelError: E616 if the model cannot take this sampler or this plan.
        """
        if self.info.own_sampler:
            raise ModelError(
                "E616",
                f"a model of {self.info.title} takes no sampler and no schedule but its own",
                hint='leave sampler and schedule at "auto", and shift and sigmas at null',
            )
        return create_sigma_scheduler(self._scheduler, sampler, plan, strength=strength, seeds=seeds)

    def make_scheduler(self, name: str = OWN, *, steps: int = 0, generator: Any = None) -> Any:
        """Return a fresh scheduler: they hold state, so each call needs its own.

        Args:
            name: One of `schedulers`.
            steps: Steps that it is to take, to be checked against what it can; 0 for any number.
            generator: Torch generator, or a list of them, for flow samplers that draw noise.

        Raises:
            ModelError: E616 if it cannot take this sampler.
        """
        own_only = self.info.own_sampler
        with hush("diffusers", "transformers"):
            made = samplers.create_scheduler(self._scheduler, name, own_only=own_only, generator=generator)
            if steps:
                samplers.check_steps(made, name, steps)
        return made

    def plan_scheduler(self, inputs: Mapping[str, Any], *, seeds: Sequence[int]) -> Any:
        """Return a scheduler for a sampler and noise levels by their inputs' names, for callers of other plugins.

        Raises:
            ModelError: E616 if it cannot take them.
            StudioError: E626 for an invalid plan.
        """
        sampler, plan = inputs.get("sampler", OWN), read_noise_plan(inputs)
        if self.follows_plan(sampler, plan):
            return self.make_planned_scheduler(sampler, plan, seeds=seeds)
        return self.make_scheduler(sampler)

    def with_loras(self, pipeline: Any, loras: Sequence[tuple[Any, float]]) -> AbstractContextManager[None]:
        """Let a pipeline of this model work with LoRAs while the block lasts; errors as `lora.apply_loras`."""
        from studio_diffusion.lora import apply_loras

        return apply_loras(pipeline, loras)

    def set_scheduler(self, pipeline: Any, scheduler: Any) -> None:
        """Let a pipeline that `for_task` gave sample with a scheduler."""
        pipeline.scheduler = scheduler
        inner = getattr(pipeline, "decoder_pipe", None)
        if inner is not None:
            inner.scheduler = scheduler

    @property
    def native_size(self) -> tuple[int, int]:
        """Width and height where the user gives none."""
        if "width" in self.about and "height" in self.about:
            return int(self.about["width"]), int(self.about["height"])
        size = getattr(self.pipeline, "default_sample_size", None) or _read(self._find_denoiser(), "sample_size")
        if isinstance(size, tuple | list):
            height, width = (int(each) * self._vae_scale for each in size[-2:])
        elif isinstance(size, int):
            width = height = size * self._vae_scale
        else:
            width = height = self.info.size
        step = self.size_multiple
        return max(step, width // step * step), max(step, height // step * step)

    @property
    def size_multiple(self) -> int:
        """What width and height must divide by."""
        if self.info.multiple:
            return self.info.multiple
        patch = _read(self._find_denoiser(), "patch_size")
        return self._vae_scale * max(patch if isinstance(patch, int) else 1, self.info.pack)

    @property
    def latent_space(self) -> str:
        """Name of the latent space: equal for models whose latents mean the same."""
        vae = self.find_vae()
        if vae is None:
            return f"pixels-{self._vae_scale}x"
        marks = {name: _read(vae, name) for name in _SPACE if _read(vae, name) is not None}
        channels = marks.get("latent_channels") or marks.get("z_dim") or 4
        text = json.dumps([type(vae).__name__, self._vae_scale, marks], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{type(vae).__name__}-{channels}c-{self._vae_scale}x-{digest}"

    @property
    def defaults(self) -> dict[str, Any]:
        """Steps, guidance scale, sampler, size and prompt window where the user gives none."""
        width, height = self.native_size
        found: dict[str, Any] = {
            "steps": self.info.steps,
            "guidance_scale": self.info.guidance_scale,
            "sampler": OWN,
            "width": width,
            "height": height,
        }
        if self.info.prompt_window:
            found["max_sequence_length"] = self.info.prompt_window
        if self.info is OTHER:
            found |= read_defaults(type(self.pipeline))
        if self.family == "flux" and not _read(self._find_denoiser(), "guidance_embeds"):
            found |= {"steps": 4, "guidance_scale": 0.0, "max_sequence_length": 256}
        return found | self.about

    def find_vae(self) -> Any:
        """Return the autoencoder, whatever the architecture calls it; None if it has none."""
        return next((part for name in _VAES if (part := getattr(self.pipeline, name, None)) is not None), None)

    def measure(self) -> int:
        """Count the bytes of all parameters and buffers, none twice; those that wait in memory count for no device."""
        modules = _list_modules(self.pipeline)
        if self.measures.offload and self.device.type != "cpu":
            modules = [part for part in modules if _find_device(part) == self.device]
        return measure_modules(modules)

    def forget_views(self) -> None:
        """Make the pipelines for tasks anew when they are asked for."""
        self._views.clear()

    def close(self) -> None:
        """Let go of all modules."""
        if self.measures.offload:
            self.pipeline.remove_all_hooks()
        self._views.clear()
        for name, part in list(self.pipeline.components.items()):
            if isinstance(part, torch.nn.Module):
                setattr(self.pipeline, name, None)

    def _build_controlled(
        self, task: str, controlnet: ControlNetModelHandle | Sequence[ControlNetModelHandle] | None
    ) -> Any:
        if task not in self.tasks:
            raise self._refuse(task)
        nets = [controlnet] if isinstance(controlnet, ControlNetModelHandle) else list(controlnet or ())
        if not nets:
            raise ModelError("E617", "this task needs a ControlNet", hint="give the reference of a ControlNet's folder")
        for net in nets:
            check_fit(net, self.pipeline, task)
        union = nets[0].kind == "ControlNetUnionModel"
        networks = [net.network for net in nets]
        return self._build(task, union=union, controlnet=networks if len(networks) > 1 else networks[0])

    def _build(self, task: str, *, union: bool = False, **extra: Any) -> Any:
        wanted = self._find_class(task, union=union)
        if type(self.pipeline) is wanted and not extra:
            return self.pipeline
        if wanted.__name__ == "ChromaInpaintPipeline" and _read(self._find_denoiser(), "guidance_embeds") is None:
            self._find_denoiser().register_to_config(guidance_embeds=False)  # it asks, and the network never says
        given = {name: part for name, part in self.pipeline.components.items() if name not in extra} | extra
        with hush("diffusers", "transformers"):
            view = _prepare(assemble(wanted, given, self.pipeline.config))
        self.measures.prepare_view(view)
        return view

    def _find_class(self, task: str, *, union: bool = False) -> Any:
        if self.info is OTHER:
            return type(self.pipeline)
        name = self.info.pipelines[task]
        if union:
            name = name.replace("ControlNet", "ControlNetUnion")
        if name == "StableDiffusion3InpaintPipeline" and _read(self._find_denoiser(), "in_channels") not in (16, 33):
            from studio_diffusion.inpaint_any_channels import AnyChannelsInpaintPipeline

            return AnyChannelsInpaintPipeline
        return getattr(diffusers, name)

    def _has_modules(self, task: str) -> bool:
        """Say whether the modules for a task are there: a decoder without its prior cannot start from words."""
        wanted = inspect.signature(self._find_class(task).__init__).parameters
        components = self.pipeline.components
        needed = {name for name in wanted if name.startswith("prior_")}
        return all(
            components.get(name) is not None
            for name in needed
            if name not in ("prior_feature_extractor",)
            and name not in getattr(self._find_class(task), "_optional_components", [])
        )

    def _refuse(self, task: str) -> ModelError:
        if makes_videos(type(self.pipeline)):
            return ModelError(
                "E616",
                f"{type(self.pipeline).__name__} makes videos, not images",
                hint="video.from_text and video.animate make videos with it",
            )
        able = ", ".join(sorted(self.tasks)) or "nothing that Studio knows"
        title = self.info.title if self.info is not OTHER else type(self.pipeline).__name__
        return ModelError("E616", f"a model of {title} does no {task}", hint=f"this one does {able}")

    def _find_denoiser(self) -> Any:
        return next(
            (part for name in ("transformer", "unet", "decoder") if (part := getattr(self.pipeline, name, None))), None
        )

    @property
    def _vae_scale(self) -> int:
        scale = getattr(self.pipeline, "vae_scale_factor", None)
        blocks = _read(self.find_vae(), "block_out_channels")
        return int(scale or (2 ** (len(blocks) - 1) if blocks else 1 if self.find_vae() is None else 8))


def measure_modules(modules: Iterable[torch.nn.Module]) -> int:
    """Count the bytes of parameters and buffers, none twice."""
    seen: dict[int, int] = {}
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            seen[id(tensor)] = tensor.numel() * tensor.element_size()
    return sum(seen.values())


def _list_modules(pipeline: Any) -> list[torch.nn.Module]:
    return [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]


def _find_device(module: torch.nn.Module) -> torch.device | None:
    return next((weight.device for weight in module.parameters()), None)


def _prepare(pipeline: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def assemble(wanted: Any, components: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """Make a pipeline of another class from the modules and the settings of one."""
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(wanted.__init__).parameters.items():
        if name in ("self", "args", "kwargs"):
            continue
        if name in components:
            given[name] = components[name]
        elif name == "requires_safety_checker":
            given[name] = False
        elif name in config:
            given[name] = config[name]
        elif parameter.default is inspect.Parameter.empty:
            given[name] = None
    return wanted(**given)


def find_info(pipeline: Any) -> Family:
    """Return what is known of a pipeline's architecture."""
    refiner = hasattr(pipeline, "text_encoder_2") and getattr(pipeline, "text_encoder", None) is None
    return find_family(type(pipeline).__name__, refiner=refiner and hasattr(pipeline, "unet"))


def _read(module: Any, name: str) -> Any:
    config = getattr(module, "config", None)
    return config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)


__all__ = ["CONTROL_IMAGE", "PipelineModel", "find_info", "measure_modules"]
