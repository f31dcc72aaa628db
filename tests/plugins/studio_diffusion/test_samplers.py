"""Samplers by the names of the field: each draws, each starts afresh, and the wrong name says which are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import ModelError
from studio.api.quiet import hush

pytestmark = pytest.mark.xdist_group("diffusers")

NOISE = [
    "ddim", "ddpm", "pndm", "euler", "euler_karras", "euler_a", "heun", "dpm2", "dpm2_a", "dpmpp_2m",
    "dpmpp_2m_karras", "dpmpp_2m_sde", "dpmpp_2m_sde_karras", "deis", "unipc", "lcm", "tcd",
]  # fmt: skip
FLOW = ["euler", "euler_a", "heun", "lcm", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde", "unipc"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Tiny models, written once."""
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    folder = tmp_path_factory.mktemp("samplers")
    return {name: WRITERS[name](folder / name) for name in ("sd15", "sd2", "sd3", "flux_dev", "sana", "lumina2", "lcm")}


@pytest.fixture(scope="module")
def opened(folders: Any) -> dict[str, Any]:
    """The same models, opened."""
    from studio.api import Model
    from studio_diffusion.opener import DiffusionOpener

    opener = DiffusionOpener()
    return {
        name: opener.open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})
        for name, path in folders.items()
    }


def draw(model: Any, sampler: str, *, task: str = "text_to_image", steps: int = 3, **more: Any) -> Any:
    """Draw an image with a sampler."""
    import torch

    from studio.api.quiet import hush

    generator = torch.Generator().manual_seed(5)
    pipeline = model.for_task(task)
    model.set_scheduler(pipeline, model.make_scheduler(sampler, generator=generator))
    given, _ = model.arguments(
        task, prompt="a cat", steps=steps, width=64, height=64, generator=generator, output_type="np",
        max_sequence_length=32, **more,
    )  # fmt: skip
    with hush("diffusers", "transformers"):
        return pipeline(**given).images[0]


@pytest.mark.parametrize("sampler", NOISE)
@pytest.mark.parametrize("name", ["sd15", "sd2"])
def test_noise_sampler_draws_the_same_twice(opened: dict[str, Any], name: str, sampler: str) -> None:
    first, again = draw(opened[name], sampler), draw(opened[name], sampler)

    assert np.isfinite(first).all()
    assert np.array_equal(first, again)


@pytest.mark.parametrize("sampler", FLOW)
@pytest.mark.parametrize("name", ["sd3", "flux_dev", "sana", "lumina2"])
def test_flow_sampler_draws_the_same_twice(opened: dict[str, Any], name: str, sampler: str) -> None:
    first, again = draw(opened[name], sampler), draw(opened[name], sampler)

    assert np.isfinite(first).all()
    assert np.array_equal(first, again)


@pytest.mark.parametrize("sampler", FLOW)
@pytest.mark.parametrize("task", ["image_to_image", "inpaint"])
def test_flow_sampler_starts_from_an_image(opened: dict[str, Any], task: str, sampler: str) -> None:
    import torch

    more: dict[str, Any] = {"image": torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))}
    if task == "inpaint":
        more["mask_image"] = torch.ones(1, 1, 64, 64)

    drawn = draw(opened["sd3"], sampler, task=task, steps=4, strength=0.6, **more)

    assert np.isfinite(drawn).all()


def make_flow(shift: float = 3.0) -> Any:
    """A flow model's own scheduler."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(shift=shift)


@pytest.mark.parametrize("sampler", [name for name in FLOW if name != "dpmpp_2m_karras"])
def test_flow_samplers_walk_the_timesteps_of_the_model(sampler: str) -> None:
    from studio.api.quiet import hush
    from studio_diffusion.samplers import create_scheduler

    own, made = make_flow(), create_scheduler(make_flow(), sampler)
    with hush("diffusers", "transformers"):
        own.set_timesteps(8)
        made.set_timesteps(8)

    assert sorted({float(step) for step in made.timesteps}) == pytest.approx(
        sorted(float(step) for step in own.timesteps)
    )
    assert float(made.sigmas[-1]) == 0.0


@pytest.mark.parametrize(
    ("sampler", "tolerance"), [("euler", 1e-5), ("heun", 2e-3), ("dpmpp_2m", 2e-3), ("unipc", 2e-3)]
)
def test_flow_samplers_solve_a_known_flow(sampler: str, tolerance: float) -> None:
    """On the straight flow from noise to one point every solver must end at the point."""
    import torch

    from studio.api.quiet import hush
    from studio_diffusion.samplers import create_scheduler

    made = create_scheduler(make_flow(), sampler)
    with hush("diffusers", "transformers"):
        made.set_timesteps(12)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    target = torch.full_like(noise, 0.5)
    sample = noise.clone()
    for step in made.timesteps:
        sigma = float(step) / 1000
        velocity = (sample - target) / max(sigma, 1e-6)
        sample = made.step(velocity, step, sample, return_dict=False)[0]

    assert float((sample - target).abs().max()) < tolerance


@pytest.mark.parametrize("shift", [1.0, 3.0])
@pytest.mark.parametrize("sampler", ["dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde", "unipc", "heun"])
def test_a_thousand_steps_of_a_flow_end_at_the_point(sampler: str, shift: float) -> None:
    import diffusers
    import torch

    from studio_diffusion.samplers import create_scheduler

    made = create_scheduler(diffusers.FlowMatchEulerDiscreteScheduler(shift=shift), sampler)
    with hush("diffusers", "transformers"):
        made.set_timesteps(1000)
    sample = torch.ones(1, 1, 1, 1)
    for step in made.timesteps:
        sample = made.step((sample - 0.5) / max(float(step) / 1000, 1e-6), step, sample, return_dict=False)[0]

    assert abs(float(sample) - 0.5) < 0.05


def test_a_thousand_steps_of_a_plan_may_begin_twice_with_noise() -> None:
    import torch

    from studio_diffusion.noise_plan import NoisePlan
    from studio_diffusion.sigma_scheduler import create_sigma_scheduler

    made = create_sigma_scheduler(make_flow(), "dpm2_a", NoisePlan())
    made.set_timesteps(1000)
    sample = torch.ones(1, 1, 1, 1)
    for step in made.timesteps:
        sample = made.step((sample - 0.5) / max(float(step) / 1000, 1e-6), step, sample, return_dict=False)[0]

    assert abs(float(sample) - 0.5) < 0.05


def test_a_scheduler_is_fresh_each_time(opened: dict[str, Any]) -> None:
    model = opened["sd15"]

    assert model.make_scheduler("dpmpp_2m") is not model.make_scheduler("dpmpp_2m")
    assert model.make_scheduler() is not model.pipeline.scheduler


def test_v_prediction_is_kept(opened: dict[str, Any]) -> None:
    for name in NOISE:
        assert opened["sd2"].make_scheduler(name).config.prediction_type == "v_prediction"


def test_the_shift_of_a_flow_model_is_kept(opened: dict[str, Any]) -> None:
    assert opened["sd3"].make_scheduler("euler").config.shift == 3.0
    assert opened["sana"].make_scheduler("euler").config.shift == 3.0


@pytest.mark.parametrize(
    ("name", "sampler", "offered"), [("sd15", "eular", "euler"), ("sd3", "ddim", "dpmpp_2m"), ("lcm", "euler", "auto")]
)
def test_a_sampler_that_a_model_cannot_take_lists_those_that_it_can(
    opened: dict[str, Any], name: str, sampler: str, offered: str
) -> None:
    with pytest.raises(ModelError, match="E616") as caught:
        opened[name].make_scheduler(sampler)

    assert repr(sampler) in caught.value.message
    assert offered in caught.value.hint


def test_stochastic_flow_samplers_take_noise_from_the_seed_alone(opened: dict[str, Any]) -> None:
    import torch

    torch.manual_seed(1)
    first = draw(opened["sd3"], "euler_a")
    torch.manual_seed(2)

    assert np.array_equal(first, draw(opened["sd3"], "euler_a"))


def make_noise_scheduler() -> Any:
    import diffusers

    return diffusers.DDIMScheduler(
        beta_schedule="scaled_linear", steps_offset=1, clip_sample=False, timestep_spacing="leading"
    )


@pytest.mark.parametrize(
    ("sampler", "steps"), [("ddim", 1000), ("pndm", 1000), ("dpmpp_2m", 1000), ("unipc", 1000), ("lcm", 51)]
)
def test_a_number_of_steps_that_a_sampler_cannot_take_is_an_error(sampler: str, steps: int) -> None:
    from studio_diffusion.samplers import check_steps, create_scheduler

    made = create_scheduler(make_noise_scheduler(), sampler)

    with pytest.raises(ModelError, match=f"E616.*{steps} steps"):
        check_steps(made, sampler, steps)


def test_fewer_steps_are_fine() -> None:
    from studio_diffusion.samplers import check_steps, create_scheduler, find_samplers

    for sampler in find_samplers(make_noise_scheduler()):
        with hush("diffusers"):
            made = create_scheduler(make_noise_scheduler(), sampler)
        check_steps(made, sampler, 20)


def test_what_a_pipeline_corrects_in_its_scheduler_is_kept() -> None:
    import diffusers

    from studio_diffusion.samplers import create_scheduler

    scheduler: Any = diffusers.DDIMScheduler(beta_schedule="scaled_linear")
    corrected = dict(scheduler.config) | {"clip_sample": False, "steps_offset": 1}  # as pipelines do
    scheduler._internal_dict = type(scheduler.config)(corrected)

    made = create_scheduler(scheduler, "auto")

    assert (made.config.clip_sample, made.config.steps_offset) == (False, 1)
