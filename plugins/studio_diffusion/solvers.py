"""Solvers: how a sampler goes from one noise level to the next, for noise and flow models.

Each is a generator. It yields a sample and the level at which the denoiser is to look at it, receives the sample as the
pipeline passes it and the clean image that the denoiser sees in it, and returns the last sample. So the same function
says in advance, with a sample of one number, at which levels it asks.

Papers: Karras et al. 2022 (euler, heun, dpm2, with their ancestral forms), Lu et al. 2022 (dpmpp), Zhang et al. 2023
(res_multistep, arXiv:2308.02157), Zhao et al. 2023 (unipc), Cui et al. 2023 (er_sde, arXiv:2309.06169), Zhang and Chen
2022 (ipndm), Ho et al. 2020 (ddpm), Luo et al. 2023 (lcm).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TypeAlias

import torch

Tensor: TypeAlias = torch.Tensor
Steps: TypeAlias = Generator[tuple[Tensor, float], tuple[Tensor, Tensor], Tensor]
Noise: TypeAlias = Callable[[], Tensor]
Solver: TypeAlias = Callable[[Tensor, Sequence[float], Noise, bool], Steps]

NEARLY_ALL_NOISE = 1e-4
"""What is left of the image where the logarithm of a flow model's signal is taken at level 1."""


def _find_half_snr(sigma: float, flow: bool) -> float:
    """Return half of the logarithm of signal over noise."""
    return math.log((1.0 - sigma) / sigma) if flow else -math.log(sigma)


def _find_sigma(half_snr: float, flow: bool) -> float:
    return 1.0 / (1.0 + math.exp(half_snr)) if flow else math.exp(-half_snr)


def split_ancestral(sigma: float, target: float, eta: float = 1.0) -> tuple[float, float]:
    """Return to which level to go, and how much noise to add after that, to be at the target."""
    up = min(target, eta * math.sqrt(max(0.0, target**2 * (sigma**2 - target**2) / sigma**2)))
    return math.sqrt(max(0.0, target**2 - up**2)), up


def _split(sigma: float, target: float, flow: bool) -> tuple[float, float, float]:
    """Return the level to go to, the factor of the sample there, and the noise to add."""
    if not flow:
        down, up = split_ancestral(sigma, target)
        return down, 1.0, up
    down = target * (target / sigma)
    if down >= 1.0:  # from noise to noise, as the first of a thousand steps
        return down, 1.0, 0.0
    factor = (1.0 - target) / (1.0 - down)
    return down, factor, math.sqrt(max(0.0, target**2 - (down * factor) ** 2))


def _move(x: Tensor, clean: Tensor, sigma: float, target: float) -> Tensor:
    """Go straight from a level to another."""
    return x + (x - clean) / sigma * (target - sigma)


def take_euler(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Euler (Karras et al. 2022, algorithm 2 without noise); it equals DDIM."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        x = _move(x, clean, sigma, target)
    return x


def take_euler_ancestral(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Euler with fresh noise after each step."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        down, factor, up = _split(sigma, target, flow)
        x = _move(x, clean, sigma, down) if target > 0 else clean
        if target > 0:
            x = factor * x + up * noise()
    return x


def take_heun(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Heun (Karras et al. 2022, algorithm 1 without noise)."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        if target == 0:
            x = _move(x, clean, sigma, target)
            continue
        slope = (x - clean) / sigma
        there, clean = yield x + slope * (target - sigma), target
        x = x + (slope + (there - clean) / target) / 2 * (target - sigma)
    return x


def _find_middle(sigma: float, target: float) -> float:
    return math.exp((math.log(sigma) + math.log(target)) / 2)


def take_dpm2(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DPM-Solver-2 (Lu et al. 2022): a look half-way."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        if target == 0:
            x = _move(x, clean, sigma, target)
            continue
        middle = _find_middle(sigma, target)
        there, clean = yield _move(x, clean, sigma, middle), middle
        x = x + (there - clean) / middle * (target - sigma)
    return x


def take_dpm2_ancestral(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DPM-Solver-2 with fresh noise after each step."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        down, factor, up = _split(sigma, target, flow)
        if down == 0:
            x = _move(x, clean, sigma, down)
            continue
        middle = _find_middle(sigma, down)
        there, clean = yield _move(x, clean, sigma, middle), middle
        x = factor * (x + (there - clean) / middle * (down - sigma)) + up * noise()
    return x


def take_lms(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Linear multistep of order 4 over the levels."""
    slopes: list[Tensor] = []
    for index, (sigma, target) in enumerate(itertools.pairwise(sigmas)):
        x, clean = yield x, sigma
        slopes = [*slopes[-3:], (x - clean) / sigma]
        if target == 0:
            x = clean
            continue
        order = len(slopes)
        for back in range(order):
            x = x + _weigh_slope(sigmas, index, back, order) * slopes[-1 - back]
    return x


def _weigh_slope(sigmas: Sequence[float], index: int, back: int, order: int) -> float:
    """Integrate the Lagrange polynomial of one of the last slopes over a step."""
    import numpy as np

    product = np.poly1d([1.0])
    for other in range(order):
        if other != back:
            gap = sigmas[index - back] - sigmas[index - other]
            product *= np.poly1d([1.0, -sigmas[index - other]]) / gap
    whole = product.integ()
    return float(whole(sigmas[index + 1]) - whole(sigmas[index]))


def take_dpmpp_2s_ancestral(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DPM-Solver++(2S) (Lu et al. 2022) with fresh noise after each step."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        down, factor, up = _split(sigma, target, flow)
        if down == 0:
            x = _move(x, clean, sigma, down)
            continue
        if flow and sigma >= 1.0:
            middle = 1.0 - NEARLY_ALL_NOISE
        else:
            middle = _find_sigma((_find_half_snr(sigma, flow) + _find_half_snr(down, flow)) / 2, flow)
        _, clean = yield _move(x, clean, sigma, middle), middle
        x = factor * _move(x, clean, sigma, down) + up * noise()
    return x


def take_dpmpp_sde(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DPM-Solver++ as a stochastic equation, with a look half-way."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        if target == 0:
            x = clean
            continue
        begin, end = _find_half_snr(sigma, flow), _find_half_snr(target, flow)
        half = (begin + end) / 2
        middle = _find_sigma(half, flow)
        _, seen = yield _leap(x, clean, (sigma, begin), (middle, half), noise), middle
        x = _leap(x, seen, (sigma, begin), (target, end), noise)
    return x


def _leap(x: Tensor, clean: Tensor, begin: tuple[float, float], end: tuple[float, float], noise: Noise) -> Tensor:
    """Go from a level and its logarithm to others by an exponential step, and add noise."""
    share, share_end = begin[0] * math.exp(begin[1]), end[0] * math.exp(end[1])
    down, up = split_ancestral(math.exp(-begin[1]), math.exp(-end[1]))
    factor = down / math.exp(-begin[1])
    return share_end / share * factor * x + share_end * (1.0 - factor) * clean + share_end * up * noise()


def take_dpmpp_2m(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DPM-Solver++(2M) (Lu et al. 2022)."""
    last: tuple[Tensor, float] | None = None
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        if target == 0:
            x = clean
            continue
        step = math.log(sigma / target)
        ahead = clean
        if last is not None:
            ratio = 2 * last[1] / step
            ahead = (1 + 1 / ratio) * clean - last[0] / ratio
        x = target / sigma * x - math.expm1(-step) * ahead
        last = clean, step
    return x


def take_dpmpp_2m_sde(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DPM-Solver++(2M) as a stochastic equation, midpoint."""
    last: tuple[Tensor, float] | None = None
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        if target == 0:
            x = clean
            continue
        step = _find_half_snr(target, flow) - _find_half_snr(sigma, flow)
        share = target * math.exp(_find_half_snr(target, flow)) * -math.expm1(-2 * step)
        x = target / sigma * math.exp(-step) * x + share * clean
        if last is not None:
            x = x + 0.5 * share * step / last[1] * (clean - last[0])
        x = x + target * math.sqrt(-math.expm1(-2 * step)) * noise()
        last = clean, step
    return x


def take_dpmpp_3m_sde(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DPM-Solver++(3M) as a stochastic equation."""
    seen: list[tuple[Tensor, float]] = []
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        if target == 0:
            x = clean
            continue
        step = _find_half_snr(target, flow) - _find_half_snr(sigma, flow)
        whole, share = 2 * step, target * math.exp(_find_half_snr(target, flow))
        x = target / sigma * math.exp(-step) * x - share * math.expm1(-whole) * clean
        x = x + share * _correct(clean, seen, step, whole)
        x = x + target * math.sqrt(-math.expm1(-2 * step)) * noise()
        seen = [(clean, step), *seen[:1]]
    return x


def _correct(clean: Tensor, seen: Sequence[tuple[Tensor, float]], step: float, whole: float) -> Tensor:
    """Return what the last one or two clean images add to a step."""
    second = math.expm1(-whole) / whole + 1.0
    if not seen:
        return torch.zeros_like(clean)
    ratio = seen[0][1] / step
    slope = (clean - seen[0][0]) / ratio
    if len(seen) == 1:
        return second * slope
    older = seen[1][1] / step
    before = (seen[0][0] - seen[1][0]) / older
    bend = (slope - before) / (ratio + older)
    return second * (slope + bend * ratio) - (second / whole - 0.5) * bend


def take_ddpm(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """DDPM (Ho et al. 2020), over the levels of a schedule; a flow model takes ancestral Euler steps."""
    if flow:
        return (yield from take_euler_ancestral(x, sigmas, noise, flow))
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        kept, kept_next = 1 / (sigma**2 + 1), 1 / (target**2 + 1)
        factor = kept / kept_next
        mean = math.sqrt(1 / factor) * (
            x / math.sqrt(1 + sigma**2) - (1 - factor) * (x - clean) / sigma / math.sqrt(1 - kept)
        )
        if target > 0:
            mean = mean + math.sqrt((1 - factor) * (1 - kept_next) / (1 - kept)) * noise()
        x = mean * math.sqrt(1 + target**2)
    return x


def take_lcm(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Latent consistency (Luo et al. 2023): to the clean image, and back to the next level with fresh noise."""
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        x = clean if target == 0 else (1.0 - target if flow else 1.0) * clean + target * noise()
    return x


def take_ipndm(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Improved PNDM (Zhang and Chen 2022): Adams-Bashforth of order 4 over the slopes."""
    weights = {1: (1.0,), 2: (3 / 2, -1 / 2), 3: (23 / 12, -16 / 12, 5 / 12), 4: (55 / 24, -59 / 24, 37 / 24, -9 / 24)}
    slopes: list[Tensor] = []
    for sigma, target in itertools.pairwise(sigmas):
        x, clean = yield x, sigma
        slopes = [(x - clean) / sigma, *slopes[:3]]
        if target == 0:
            x = clean
            continue
        mixed = sum((weight * slope for weight, slope in zip(weights[len(slopes)], slopes, strict=True)), 0 * x)
        x = x + (target - sigma) * mixed
    return x


def _take_res(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool, *, ancestral: bool) -> Steps:
    last: tuple[Tensor, float] | None = None
    for index, (sigma, target) in enumerate(itertools.pairwise(sigmas)):
        x, clean = yield x, sigma
        down, factor, up = _split(sigma, target, flow) if ancestral else (target, 1.0, 0.0)
        if down == 0 or last is None:
            x = _move(x, clean, sigma, down)
        else:
            step = math.log(sigma / down)
            place = (math.log(last[1]) - math.log(sigmas[index - 1])) / step
            first = math.expm1(-step) / -step
            share = (first - 1.0) / -step / place
            x = math.exp(-step) * x + step * ((first - share) * clean + share * last[0])
        if up > 0:
            x = factor * x + up * noise()
        last = clean, down
    return x


def take_res_multistep(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Refined exponential solver of order 2, multistep (Zhang et al. 2023)."""
    return (yield from _take_res(x, sigmas, noise, flow, ancestral=False))


def take_res_multistep_ancestral(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Refined exponential solver with fresh noise after each step."""
    return (yield from _take_res(x, sigmas, noise, flow, ancestral=True))


def take_er_sde(x: Tensor, sigmas: Sequence[float], noise: Noise, flow: bool) -> Steps:
    """Extended reverse-time SDE solver of order 3 (Cui et al. 2023)."""
    scales = [math.exp(-_find_half_snr(sigma, flow)) if sigma > 0 else 0.0 for sigma in sigmas]
    old: Tensor | None = None
    bent: Tensor | None = None
    for index, (sigma, target) in enumerate(itertools.pairwise(sigmas)):
        x, clean = yield x, sigma
        if target == 0:
            x, old = clean, clean
            continue
        begin, end = scales[index], scales[index + 1]
        share, share_end = sigma / begin, target / end
        ratio = _scale_noise(end) / _scale_noise(begin)
        x = share_end / share * ratio * x + share_end * (1 - ratio) * clean
        if old is not None:
            pace, whole, moment = end - begin, *_integrate(begin, end)
            slope = (clean - old) / (begin - scales[index - 1])
            x = x + share_end * (pace + whole * _scale_noise(end)) * slope
            if bent is not None:
                curve = (slope - bent) / ((begin - scales[index - 2]) / 2)
                x = x + share_end * (pace**2 / 2 + moment * _scale_noise(end)) * curve
            bent = slope
        x = x + share_end * math.sqrt(max(0.0, end**2 - begin**2 * ratio**2)) * noise()
        old = clean
    return x


def _scale_noise(level: float) -> float:
    return level * (math.exp(level**0.3) + 10.0)


def _integrate(begin: float, end: float) -> tuple[float, float]:
    """Return two integrals over a step of the solver, by 200 rectangles."""
    stride = (begin - end) / 200
    places = [end + index * stride for index in range(200)]
    whole = sum(1 / _scale_noise(place) for place in places) * stride
    return whole, sum((place - begin) / _scale_noise(place) for place in places) * stride


SOLVERS: Mapping[str, Solver] = {
    "ddim": take_euler,
    "ddpm": take_ddpm,
    "dpm2": take_dpm2,
    "dpm2_a": take_dpm2_ancestral,
    "dpmpp_2m": take_dpmpp_2m,
    "dpmpp_2m_sde": take_dpmpp_2m_sde,
    "dpmpp_2s_a": take_dpmpp_2s_ancestral,
    "dpmpp_3m_sde": take_dpmpp_3m_sde,
    "dpmpp_sde": take_dpmpp_sde,
    "er_sde": take_er_sde,
    "euler": take_euler,
    "euler_a": take_euler_ancestral,
    "heun": take_heun,
    "ipndm": take_ipndm,
    "lcm": take_lcm,
    "lms": take_lms,
    "res_multistep": take_res_multistep,
    "res_multistep_a": take_res_multistep_ancestral,
}
"""Solvers by the names of samplers."""

LOGARITHMIC = frozenset({"dpmpp_2m_sde", "dpmpp_3m_sde", "dpmpp_sde", "er_sde"})
"""Solvers that need a first level below 1."""
