"""The node types `train.autoencoder` and `latent.*`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from studio.api import Context, Field, Image, JsonValue, Mask, Model, ModelKinds, node

if TYPE_CHECKING:
    from studio_train.autoencoders.model import Autoencoder

Trained = Annotated[Model, ModelKinds("autoencoder")]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class TrainedAutoencoder(NamedTuple):
    """What was trained.

    Attributes:
        model: The autoencoder, for `latent.*`.
        report: Settings, measures on images that were held out beside baselines, warnings and a verdict.
        previews: Four images that were held out, each beside what the model makes of it; then four new ones.
    """

    model: Model
    report: JsonValue
    previews: list[Image]


class Found(NamedTuple):
    """What differs from normal images.

    Attributes:
        score: Greatest difference, in units of the threshold: above 1 the image is not a normal one.
        anomalous: Whether the score is above 1.
        places: Difference at each place, of the image's size: 0.5 at the threshold, 1 at twice that and more.
        rebuilt: What the model makes of the image, in the model's size: a normal one that is nearest to it.
    """

    score: float
    anomalous: bool
    places: Mask
    rebuilt: Image


@node("train.autoencoder", version="1.0", code=1, lane="device", origin="generated")
def train_autoencoder(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=6, max_length=10_000)],
    *,
    method: Literal["linear", "vae"] = "linear",
    components: Annotated[int, Field(ge=1, le=512)] = 64,
    size: Annotated[int, Field(ge=16, le=256, unit="pixels")] = 64,
    steps: Annotated[int, Field(ge=1, le=100_000)] = 2000,
    held_out: Annotated[float, Field(ge=0.01, le=0.5, unit="share")] = 0.2,
    seed: Seed = 1,
) -> TrainedAutoencoder:
    """Learn what images of one narrow kind have in common: train an autoencoder, for `latent.*`.

    On a CPU, equal inputs give equal weights. A training that was cancelled or killed continues where its last
    checkpoint was. Weights are computed on the CPU.

    Args:
        images: Images of one kind, at least six, better a hundred: parts from one camera, slices of one organ. They
            are resized as a whole, so let them have one shape.
        method: "linear" finds principal components, in seconds. "vae" trains a small variational autoencoder (Kingma
            and Welling 2014), in minutes; it draws better images and finds lesions better.
        components: Numbers in a code; "linear" has at most one fewer than images.
        size: Side of a square of as many pixels as the model's images have; their proportions are those of the images.
        steps: Training steps of "vae", of 16 images each.
        held_out: Share of the images that is not trained with: it says what is normal, and how good the model is.
        seed: Seed of the choice of what is held out, of first weights, order and noise.

    Raises:
        ModelError: E697 if the training diverges.
    """
    from studio_train.autoencoders.training import Request, train

    model, report, previews = train(ctx, Request(images, method, components, size, steps, held_out, seed))
    return TrainedAutoencoder(model, report, previews)


@node("latent.find_anomaly", version="1.0", code=1, lane="cpu", origin="algorithmic")
def find_anomaly(ctx: Context, image: Image, model: Trained) -> Found:
    """Find what in an image is not as in the images that an autoencoder was trained with.

    The model rebuilds the image as well as it can; where that differs more than for images that were held out when it
    was trained, there is an anomaly. The threshold is the difference that 95 in 100 of those stay below.

    Args:
        image: An image of the kind that the model knows; it is resized to the model's shape as a whole.
        model: Weights that `train.autoencoder` made.

    Raises:
        ModelError: E699 if the weights are no autoencoder.
    """
    from studio_train.autoencoders.pictures import make_images, resize_map

    with ctx.open(model) as opened:
        differences, rebuilt = opened.compare(_read(ctx, opened, image))
    score = float(differences.max())
    places = resize_map((differences / 2).clamp(0, 1), (image.height, image.width))
    return Found(score, score > 1, Mask(places), make_images(rebuilt)[0])


@node("latent.denoise", version="1.0", code=1, lane="cpu", origin="altered")
def denoise_image(
    ctx: Context,
    image: Image,
    model: Trained,
    *,
    noise: Annotated[float | None, Field(ge=0, le=1, unit="share")] = None,
) -> Image:
    """Rebuild an image from what an autoencoder knows of its kind, without noise.

    Args:
        image: An image of the kind that the model knows; it is resized to the model's shape as a whole.
        model: Weights that `train.autoencoder` made.
        noise: Standard deviation of the noise; null to find it. Models of the method "vae" do without it.

    Returns:
        An image in the model's size.

    Raises:
        ModelError: E699 if the weights are no autoencoder.
    """
    from studio_train.autoencoders.pictures import make_images

    with ctx.open(model) as opened:
        return make_images(opened.denoise(_read(ctx, opened, image), noise))[0]


@node("latent.sample", version="1.0", code=1, lane="cpu", origin="generated")
def sample_images(
    ctx: Context,
    model: Trained,
    *,
    count: Annotated[int, Field(ge=1, le=1000)] = 4,
    spread: Annotated[float, Field(ge=0, le=3, unit="factor")] = 1.0,
    seed: Seed = 1,
) -> list[Image]:
    """Draw new images of the kind that an autoencoder knows.

    Codes come from the normal distribution that fits the codes of the images that it was trained with.

    Args:
        model: Weights that `train.autoencoder` made.
        count: How many images.
        spread: Times the deviation of codes: 0 gives the mean code, 1 images as different as those of the training.
        seed: Seed of the codes; another one gives other images.

    Returns:
        Images in the model's size.

    Raises:
        ModelError: E699 if the weights are no autoencoder.
    """
    import torch

    from studio_train.autoencoders.pictures import make_images

    with ctx.open(model) as opened:
        return make_images(opened.sample(count, spread, torch.Generator().manual_seed(seed)))


@node("latent.interpolate", version="1.0", code=1, lane="cpu", origin="generated")
def interpolate_images(
    ctx: Context,
    first: Image,
    second: Image,
    model: Trained,
    *,
    count: Annotated[int, Field(ge=2, le=1000)] = 8,
) -> list[Image]:
    """Draw images between two of the kind that an autoencoder knows, along the straight line between their codes.

    Args:
        first: Where the line begins; it is resized to the model's shape as a whole.
        second: Where it ends, likewise.
        model: Weights that `train.autoencoder` made.
        count: How many images, with both ends, which are rebuilt too.

    Returns:
        Images in the model's size.

    Raises:
        ModelError: E699 if the weights are no autoencoder.
    """
    import torch

    from studio_train.autoencoders.pictures import make_images

    with ctx.open(model) as opened:
        ends = opened.encode(torch.cat([_read(ctx, opened, image) for image in (first, second)]))
        shares = torch.linspace(0, 1, count)[:, None]
        return make_images(opened.decode((1 - shares) * ends[:1] + shares * ends[1:]))


def _read(ctx: Context, opened: Autoencoder, image: Image) -> Any:
    """Return an image in the model's shape, and say so where it is stretched."""
    from studio_train.autoencoders.pictures import MOST_STRETCH, find_stretch, read_images

    if find_stretch(image, opened.shape) > MOST_STRETCH:
        rows, columns = opened.shape
        ctx.log(f"an image of {image.width} x {image.height} is stretched to the model's {columns} x {rows}: crop it")
    return read_images([image], opened.shape)
