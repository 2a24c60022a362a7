"""What a step of a training computes: its batch and its losses.

RelCLIP's cross-entropies (section 3.3, end) or VisualDS's (docs/method.md, 6), and RCL's (`relclip.train.contrast`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from relclip.compute.device import autocast
from relclip.compute.world import ALONE, World
from relclip.core.errors import ParamsError
from relclip.core.params.train import Train
from relclip.core.seeds import stream
from relclip.model import Model, Regions
from relclip.train.contrast import RelationalContrast
from relclip.train.language import Phrases, Prompts
from relclip.train.minibatch import Minibatch, Share, collated
from relclip.train.targets import Targets, TrainingSet

#: A loss of predicates: labelled logits (L, R + 1), their distributions (L, R + 1), background logits (B, R + 1).
PredicateLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Losses:
    """The losses of a step, or of a share of it, scalars named as in curves.csv; `loss` is what is minimised."""

    loss: Tensor
    loss_object: Tensor
    loss_predicate: Tensor
    loss_rcl: Tensor

    @classmethod
    def total(cls, shares: Sequence["Losses"]) -> "Losses":
        """Add up the losses of all shares of a step."""
        names = cls.__dataclass_fields__
        return cls(**{name: torch.stack([getattr(share, name) for share in shares]).sum() for name in names})

    def detached(self) -> "Losses":
        """The same numbers without their graph."""
        return Losses(**{name: loss.detach() for name, loss in vars(self).items()})


def soft_cross_entropy(labelled: Tensor, distribution: Tensor, background: Tensor) -> Tensor:
    """Cross-entropy of predicates: labelled pairs against their label distribution, the others against class 0.

    labelled: (L, R + 1) logits; distribution: (L, R + 1), each row sums to 1; background: (B, R + 1) logits.
    Returns the mean over the L + B pairs, 0 where there is none.
    """
    first = -(distribution * functional.log_softmax(labelled.float(), dim=1)).sum()
    second = -functional.log_softmax(background.float(), dim=1)[:, 0].sum()
    return (first + second) / max(len(labelled) + len(background), 1)


def multi_hot_bce(labelled: Tensor, distribution: Tensor, background: Tensor) -> Tensor:
    """VisualDS's M1 without EXT: binary cross-entropy against every possible label of a pair, whatever its weight.

    Shapes as in `soft_cross_entropy`. The target of a background pair is column 0 alone (D19: those
    pairs train as background). Returns the mean over pairs x (R + 1) columns, 0 where there is no pair.
    """
    return _bce(labelled, distribution, background, None)


def soft_weighted_bce(labelled: Tensor, distribution: Tensor, background: Tensor) -> Tensor:
    """VisualDS's M1 with EXT and every M2: as `multi_hot_bce`, but a possible label weighs its share of the pair.

    Everything else, so what is no label of a pair and all of a background pair, weighs 1.
    """
    weights = torch.where(distribution > 0, distribution, 1.0)
    return _bce(labelled, distribution, background, weights)


def object_cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy over all boxes: (N, O + 1) logits, (N,) classes; 0 where there is none."""
    return functional.cross_entropy(logits.float(), classes, reduction="sum") / max(len(classes), 1)


def predicate_loss(params: Train, weighted: bool | None = None) -> PredicateLoss:
    """Return the loss that `loss` names. VisualDS weighs possible labels by EXT or by its E-step, never uniform ones.

    Labels that share a pair by the counts of the KB weigh too (D16).
    """
    if params.loss == "cross_entropy":
        return soft_cross_entropy
    if weighted is None:
        by_counts = params.supervision == "kb" and params.kb.weights == "counts"
        weighted = params.supervision == "kb+ext" or by_counts
    return soft_weighted_bce if weighted else multi_hot_bce


def _bce(labelled: Tensor, distribution: Tensor, background: Tensor, weights: Tensor | None) -> Tensor:
    targets = (distribution > 0).float()
    first = functional.binary_cross_entropy_with_logits(labelled.float(), targets, weights, reduction="sum")
    empty = torch.zeros_like(background, dtype=torch.float32)
    empty[:, 0] = 1.0
    second = functional.binary_cross_entropy_with_logits(background.float(), empty, reduction="sum")
    return (first + second) / max((len(labelled) + len(background)) * labelled.shape[1], 1)


@dataclass(frozen=True, eq=False)
class Trainer:
    """Everything a step needs. What is drawn at random in a step depends on the seed and the step alone.

    Of a `frozen` network only what requires a gradient learns, and nothing is dropped out. In a `world` of several
    processes each draws the whole step, looks at its part of the images and computes its share of the losses.
    """

    params: Train
    model: Model
    contrast: RelationalContrast
    regions: Regions
    training_set: TrainingSet
    prompts: Prompts
    phrases: Phrases | None
    predicate_loss: PredicateLoss = soft_cross_entropy
    frozen: bool = False
    world: World = ALONE

    def __post_init__(self) -> None:
        """Raise ParamsError where there are more processes than images to share."""
        if self.params.images_per_batch < self.world.size:
            raise ParamsError(
                f"{self.world.size} processes share the {self.params.images_per_batch} images of a batch; start at "
                "most as many as train.images_per_batch, or raise it"
            )

    @property
    def weights(self) -> list[Tensor]:
        """What can learn: the network, and what RCL has beside it."""
        return [*self.model.parameters(), *self.contrast.parameters()]

    def share(self, whole: Minibatch, step: int, micro_batch: int = 0, micro_batches: int = 1) -> Share:
        """Make ready what this process computes of a step, or one micro-batch of that."""
        size = len(whole.images)
        own, training_set = self.world.part(size), self.training_set
        ends = [own.start + (own.stop - own.start) * (micro_batch + k) // micro_batches for k in (0, 1)]
        images = slice(*ends)
        part = whole if images == slice(0, size) else whole.subset(images)
        batch, targets = collated(part, self.regions, training_set, self.params.attention_over)
        if part is whole:
            return Share(step, micro_batch, batch, targets)
        boxes = (
            training_set.images.object_start[whole.images + 1]
            - training_set.images.object_start[whole.images]
        )
        return Share(
            step,
            self.world.number * micro_batches + micro_batch,
            batch,
            targets,
            objects=float(boxes[images].sum() / max(boxes.sum(), 1)),
            pairs=part.size / max(whole.size, 1),
            labelled=tuple(
                len(whole.subset(self.world.part_of(number, size)).foreground)
                for number in range(self.world.size)
            ),
            everyone=self._everyone(whole),
        )

    def losses_of(self, share: Share) -> Losses:
        """The losses of a share; those of all shares of a step add up to the step's."""
        batch, targets, params = share.batch, share.targets, self.params
        purpose = ("dropout", share.step, *((share.micro_batch,) if share.micro_batch else ()))
        _seed_dropout(int(stream(params.seed, *purpose).integers(1 << 62)), self.regions.device)
        with autocast(self.regions.device, params.precision):
            output = self.model(batch)
        object_loss = object_cross_entropy(output.object_logits, batch.classes) * share.objects
        predicate_loss = share.pairs * self.predicate_loss(
            output.predicate_logits.index_select(0, targets.labelled),
            targets.distribution(self.model.config.predicates),
            output.predicate_logits.index_select(0, targets.background),
        )
        rcl = self.contrast.of_share(
            output, share, self.prompts, self.phrases, params.sampling, world=self.world
        )
        loss = params.object_loss * object_loss + params.predicate_loss * predicate_loss
        return Losses(loss + params.rcl.weight * rcl, object_loss, predicate_loss, rcl)

    def _everyone(self, whole: Minibatch) -> Targets | None:
        """The labels of all pairs that the processes contrast."""
        if self.world.size == 1 or not self.contrast.levels:
            return None
        return self.training_set.targets(
            whole.pairs, whole.foreground, whole.background[:0], self.regions.device
        )


def _seed_dropout(seed: int, device: torch.device) -> None:
    if device.type == "cpu":
        # torch.manual_seed would keep a stack trace for CUDA each time
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)
