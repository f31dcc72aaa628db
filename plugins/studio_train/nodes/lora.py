"""The node type `train.lora`."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Context, Field, File, Image, JsonValue, Model, ModelKinds, check_inputs, node
from studio_train.captions import check_captions

Prompts = Annotated[list[str] | None, Field(max_length=1000)]
MINI = Model("builtin:mini")


class TrainedLora(NamedTuple):
    """What was trained.

    Attributes:
        lora: The LoRA, for the input `loras` of node types that draw.
        report: What the training came to: settings, loss, distances, drift, warnings and a verdict.
        previews: Drawings with the LoRA: of captions first, then of the test prompts.
    """

    lora: Model
    report: JsonValue
    previews: list[Image]


@node("train.lora", version="1.0", code=1, lane="device", check=check_inputs(check_captions), origin="generated")
def train_lora(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=1, max_length=1000)],
    *,
    captions: Prompts = None,
    captions_file: File | None = None,
    steps: Annotated[int, Field(ge=1, le=100_000)] = 150,
    rank: Annotated[int, Field(ge=1, le=256)] = 8,
    text_rank: Annotated[int, Field(ge=0, le=256)] = 4,
    learning_rate: Annotated[float | None, Field(gt=0, le=1)] = None,
    batch_size: Annotated[int, Field(ge=1, le=256)] = 4,
    size: Annotated[int | None, Field(ge=8, le=4096, unit="pixels")] = None,
    prior_prompts: Prompts = None,
    test_prompts: Annotated[list[str] | None, Field(max_length=16)] = None,
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    gradient_checkpointing: bool = False,
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1,
    model: Annotated[Model, ModelKinds("pipeline")] = MINI,
) -> TrainedLora:
    """Teach a model that draws a thing or a style from a few images: train a LoRA (Hu et al. 2021).

    What the model draws by itself of other things is kept as it is (DreamBooth's prior, Ruiz et al. 2023). On a CPU,
    equal inputs give equal weights. A training that was cancelled or killed continues where its last checkpoint was.

    Args:
        images: Images of the thing or in the style, about five, of any size; the middle is cut out in the shape of
            `size`.
        captions: What each image shows, or one caption for all. Name the thing by the same word everywhere, and say
            what is not part of it, such as the background.
        captions_file: Text file with one caption a line instead of captions, in the order of the images.
        steps: Training steps; more of them draw the thing better, and too many repeat the images.
        rank: Rank of the LoRA in the denoiser; larger ones hold more and are larger files.
        text_rank: Rank of the LoRA in CLIP text encoders, which learn words; 0 leaves them as they are.
        learning_rate: Highest learning rate; null for one that suits the model's size.
        batch_size: Images in a step.
        size: Side of the squares that the model learns from; null for the model's own size, which need not be square.
        prior_prompts: Prompts whose drawings are to stay as they are; of two and more, a third is not trained on and
            measures the drift.
            Null for a choice of the words that the model says it knows; an empty list for none.
        test_prompts: Prompts that no caption has, to see whether the model repeats its images; drawn as previews.
        precision: "bfloat16" computes in bfloat16 whatever the weights are. "float32" leaves the format of the weights,
            so run with `--dtype float32` too. "auto" is "float32" in such runs and "bfloat16" in others.
        gradient_checkpointing: Compute twice rather than remember, which needs less memory and more time.
        seed: Seed of first weights, order and noise; another seed gives another LoRA.
        model: Weights of the model to teach: Stable Diffusion 1, 2, XL or 3.

    Raises:
        StudioError: E696 if captions are missing, empty or not as many as images.
        ModelError: E616 if the model cannot be trained, E697 if the training diverges, E698 if it is no model that
            draws.
    """
    from studio_train.captions import read_captions
    from studio_train.lora import Request, train

    check_captions(captions, images, captions_file)
    request = Request(
        images=images,
        captions=read_captions(captions, captions_file, len(images)),
        prior_prompts=prior_prompts,
        test_prompts=test_prompts or (),
        steps=steps,
        rank=rank,
        text_rank=text_rank,
        learning_rate=learning_rate,
        batch_size=batch_size,
        size=size,
        precision=precision,
        gradient_checkpointing=gradient_checkpointing,
        seed=seed,
    )
    lora, report, previews = train(ctx, model, request)
    return TrainedLora(lora, report, previews)
