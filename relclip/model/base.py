"""What every relation model is: its configuration, its answers to a batch and their ranking, its start from labels."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from relclip.core.params.base import Closed
from relclip.core.params.train import RankBy, Train
from relclip.model.batch import Batch

#: PredCls gives the labels of the objects, SGCls and SGDet predict them.
LabelSource = Literal["given", "predicted"]
#: Makes (O + 1, O + 1, R + 1): how much the train labels say of each predicate (0: none) of subject and object class.
LabelCounts = Callable[[], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Output:
    """What the network says of a batch of N objects and P ordered pairs; column 0 of the logits is background."""

    object_logits: Tensor  # (N, O + 1)
    predicate_logits: Tensor  # (P, R + 1)
    objects: Tensor  # (N, D) v_i
    relations: Tensor  # (P, D) v^r_ij


def predicate_scores(logits: Tensor, rank_by: RankBy) -> Tensor:
    """(P, R + 1) logits, column 0 is background -> (P, R) scores of the predicates (docs/method.md, 2, `rank_by`)."""
    logits = logits.float()
    if rank_by == "softmax":
        return logits.softmax(dim=1)[:, 1:]
    return logits.sigmoid()[:, 1:] if rank_by == "sigmoid" else logits[:, 1:]


class RelationConfig(Closed):
    """What every network is built from; stored beside its weights. Each model adds its `kind` and what is its own."""

    kind: str
    object_classes: int = Field(ge=1)
    predicates: int = Field(ge=1)
    channels: int = Field(ge=1)
    text_dimension: int = Field(ge=1)
    dimension: int = Field(ge=1)
    roi_size: int = Field(ge=1)
    dropout: float = Field(ge=0.0, lt=1.0)


class Model(nn.Module, ABC):
    """A relation network. `config` builds it again."""

    #: The class of `config`, whose `kind` is the model's name in the registry and in `train.model`.
    Config: ClassVar[type[RelationConfig]]
    #: Whether RCL can train it: its objects and relations are embeddings like those of the prompts.
    has_contrast: ClassVar[bool] = False
    #: Whether what it says of a pair depends on no other pair of the image.
    pairs_are_independent: ClassVar[bool] = False

    channel_mean: Tensor
    channel_scale: Tensor

    def __init__(self, config: RelationConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("channel_mean", torch.zeros(config.channels))
        self.register_buffer("channel_scale", torch.ones(config.channels))

    @classmethod
    @abstractmethod
    def from_params(
        cls, params: Train, *, object_classes: int, predicates: int, channels: int, text_dimension: int
    ) -> Self:
        """Return the network of `params` with random weights, torch's. Raises ParamsError where sizes cannot work."""

    @abstractmethod
    def answers(self, batch: Batch, sources: Sequence[LabelSource]) -> list[Output]:
        """Return what `forward` says with each source of the labels; what these share is computed once."""

    @abstractmethod
    def predicate_head_parameters(self) -> Iterator[nn.Parameter]:
        """What a training of the predicate head alone changes."""

    def forward(self, batch: Batch, labels: LabelSource = "given") -> Output:
        """Run the network. `labels`: where those of the objects come from; PredCls gives them, SGCls predicts."""
        return self.answers(batch, [labels])[0]

    def start_from_labels(self, counts: LabelCounts) -> None:
        """Take into the weights what the labels of the train images say; most networks take nothing."""

    def set_label_text(self, text: Tensor) -> None:
        """Fix the text embeddings of the classes, (O + 1, D), row 0 zeros, in a network that reads them."""
        buffers = dict(self.named_buffers(recurse=False))
        if "label_text" in buffers:
            buffers["label_text"].copy_(text)

    def set_channels(self, mean: Tensor, scale: Tensor) -> None:
        """Fix the mean and scale, (C,), that make each channel of the frozen maps standard (D5)."""
        self.channel_mean.copy_(mean)
        self.channel_scale.copy_(scale)

    def _standard(self, regions: Tensor) -> Tensor:
        """(., S) float16 pooled -> (., S) float32, in one pass: a training step reads megabytes of them."""
        cells = regions.float().unflatten(1, (-1, len(self.channel_mean)))
        factor = 1 / self.channel_scale
        return torch.addcmul(-self.channel_mean * factor, cells, factor).flatten(1)
