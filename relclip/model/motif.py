"""Motif (Zellers et al. 2018; docs/method.md, 7) on the frozen CLIP regions that RelCLIP reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from relclip.compute.device import moved
from relclip.core.errors import ParamsError
from relclip.core.params.train import Train
from relclip.model.base import LabelCounts, LabelSource, Model, Output, RelationConfig
from relclip.model.batch import (
    OBJECT_NUMBERS,
    PAIR_NUMBERS,
    POSITION_WIDTH,
    Batch,
    position_embedding,
    position_numbers,
)

#: Where `object_geometry` holds the centre x of a box.
CENTRE_X = 4
#: The halves start wide, as in Motif, since three factors are multiplied: standard deviation times sqrt(D).
HALVES_SCALE = 10.0
#: Added to every share before the logarithm of the frequency bias, as Motif does.
SMALLEST_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class Reading:
    """In which order the N objects of a batch are read: all first ones of the images, all second ones, ..."""

    order: Tensor  # (N,) rows, as a packed sequence holds them
    inverse: Tensor  # (N,) where each row is in `order`
    batch_sizes: Tensor  # (T,) int64 on the CPU: images that have a t-th object

    @classmethod
    def by_centre(cls, centre_x: Tensor, counts: Sequence[int]) -> "Reading":
        """Objects of an image by the centre x of their boxes, (N,); equal ones as they stand. `counts`: of images."""
        image = moved(torch.from_numpy(np.repeat(np.arange(len(counts)), counts)), centre_x.device)
        rows = torch.argsort(centre_x, stable=True)
        rows = rows[torch.argsort(image[rows], stable=True)]
        packed, batch_sizes = _packed(np.array(counts, np.int64))
        order = rows[moved(torch.from_numpy(packed), rows.device)]
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order), device=order.device)
        return cls(order, inverse, torch.from_numpy(batch_sizes))


def _packed(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (image after image) in the order of torch's packed sequences, longest image first; sizes of the steps."""
    first = np.cumsum(counts) - counts
    longest = np.argsort(-counts, kind="stable")
    steps = np.arange(counts.max(initial=0))
    there = steps[:, None] < counts[longest][None]  # (T, B)
    return (steps[:, None] + first[longest][None])[there], there.sum(axis=1)


class Context(nn.Module):
    """One biLSTM layer: (N, inputs) -> (N, D), D / 2 numbers from each side."""

    def __init__(self, inputs: int, dimension: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, dimension // 2, bidirectional=True)

    def forward(self, rows: Tensor, reading: Reading) -> Tensor:
        """Read the rows in the order of `reading`; the answer, float32, is in the order of the rows."""
        if not len(rows):
            return rows.new_zeros(0, 2 * self.lstm.hidden_size, dtype=torch.float32)
        # autocast runs cuDNN's LSTMs in float16 whatever it was asked for, and then refuses to join that to bfloat16
        with torch.autocast(rows.device.type, enabled=False):
            ordered = rows.float().index_select(0, reading.order)
            read, _ = self.lstm(PackedSequence(ordered, reading.batch_sizes))
        return read.data.index_select(0, reading.inverse)


class MotifConfig(RelationConfig):
    """Motif's configuration. It always reads labels; `adjusted`: BA-SGG's semantic adjustment follows the logits."""

    kind: Literal["motif"] = "motif"
    dimension: int = Field(ge=2, multiple_of=2)
    use_labels: Literal["text"] = "text"
    adjusted: bool = False


class Motif(Model):
    """Two biLSTM contexts over the objects from left to right, and a frequency bias.

    One network serves PredCls and SGCls (D23): the object context and its label decoder never see given labels. It
    reads the expected label embedding of a first decoder, which sees the object alone, and adds to that one's logits.
    Given labels enter the edge context and the frequency bias; where they are predicted, the edge context reads the
    expected embedding of the label decoder and the bias is that of the best class (D24).
    """

    Config = MotifConfig
    pairs_are_independent = True

    config: MotifConfig
    label_text: Tensor
    adjustment: Tensor

    def __init__(self, config: MotifConfig) -> None:
        super().__init__(config)
        dimension, width = config.dimension, config.roi_size**2 * config.channels
        classes, predicates = config.object_classes + 1, config.predicates + 1
        self.object_region = nn.Linear(width, dimension)
        self.object_position = position_numbers(OBJECT_NUMBERS)
        self.first_decoder = nn.Linear(dimension + POSITION_WIDTH, classes)
        self.object_context = Context(dimension + POSITION_WIDTH + config.text_dimension, dimension)
        self.label_decoder = nn.Linear(dimension, classes)
        self.edge_context = Context(dimension + config.text_dimension, dimension)
        self.halves = nn.Linear(dimension, 2 * dimension)
        nn.init.normal_(self.halves.weight, std=HALVES_SCALE / dimension**0.5)
        nn.init.zeros_(self.halves.bias)
        self.union_region = nn.Linear(width, dimension)
        self.pair_position = position_embedding(PAIR_NUMBERS, dimension)
        self.dropout = nn.Dropout(config.dropout)
        self.predicate_classifier = nn.Linear(dimension, predicates)
        self.frequency_bias = nn.Parameter(torch.zeros(classes, classes, predicates))
        self.register_buffer("label_text", torch.zeros(classes, config.text_dimension))
        if config.adjusted:
            self.register_buffer("adjustment", torch.eye(predicates))

    @classmethod
    def from_params(cls, params: Train, **sizes: int) -> "Motif":
        """Return the network of `params` with random weights. Raises ParamsError for an odd width."""
        if params.dimension % 2:
            raise ParamsError(
                f"train.dimension {params.dimension} is odd; Motif reads from both sides, so give an even number"
            )
        own = {"dimension", "roi_size", "dropout"}
        return cls(MotifConfig.model_validate({**sizes, **params.model_dump(include=own)}))

    def start_from_labels(self, counts: LabelCounts) -> None:
        """Start the frequency bias from what the train labels say of two classes."""
        self.frequency_bias.data.copy_(torch.from_numpy(frequency_bias(counts())))

    def answers(self, batch: Batch, sources: Sequence[LabelSource]) -> list[Output]:
        """Return what `forward` says with each source of the labels; what these share is computed once."""
        reading = Reading.by_centre(batch.object_geometry[:, CENTRE_X], batch.object_counts)
        context, object_logits = self._label(batch, reading)
        unions = self._unions(batch)
        found = []
        for labels in sources:
            text, classes = self._labels(batch, object_logits, labels)
            edges = self.edge_context(torch.cat([context, text], dim=1), reading)
            relations = self._pairs(batch, edges) * unions  # (P, D)
            logits = self.predicate_classifier(self.dropout(relations)) + self._frequency(batch, classes)
            if self.config.adjusted:
                logits = logits @ self.adjustment.T
            found.append(Output(object_logits, logits, context, relations))
        return found

    def predicate_head_parameters(self) -> Iterator[nn.Parameter]:
        """What a training of the predicate head alone changes: the linear layer and the frequency bias (D26)."""
        yield from self.predicate_classifier.parameters()
        yield self.frequency_bias

    def adjusted_by(self, matrix: Tensor) -> "Motif":
        """Return this network with BA-SGG's semantic adjustment: logits' = C z, `matrix` C is (R + 1, R + 1)."""
        adjusted = Motif(self.config.model_copy(update={"adjusted": True})).to(self.label_text.device)
        adjusted.load_state_dict({**self.state_dict(), "adjustment": matrix})
        return adjusted.train(self.training)

    def _label(self, batch: Batch, reading: Reading) -> tuple[Tensor, Tensor]:
        """Object context (N, D) and object logits (N, O + 1), from pictures and boxes alone."""
        visual = torch.relu(self.object_region(self._standard(batch.object_regions)))
        alone = torch.cat([visual, self.object_position(batch.object_geometry)], dim=1)
        first = self.first_decoder(alone)
        context = self.object_context(torch.cat([alone, self._expected(first)], dim=1), reading)
        return context, first + self.label_decoder(self.dropout(context))

    def _labels(self, batch: Batch, object_logits: Tensor, labels: LabelSource) -> tuple[Tensor, Tensor]:
        """Label embedding (N, D_t) and class (N,) of each object."""
        if labels == "given":
            return self.label_text[batch.classes], batch.classes
        return self._expected(object_logits), object_logits[:, 1:].argmax(dim=1) + 1

    def _expected(self, object_logits: Tensor) -> Tensor:
        return object_logits[:, 1:].float().softmax(dim=1) @ self.label_text[1:]

    def _pairs(self, batch: Batch, edges: Tensor) -> Tensor:
        """Subject half times object half of each pair, (P, D)."""
        subjects, objects = self.halves(self.dropout(edges)).chunk(2, dim=1)
        return subjects.index_select(0, batch.subjects) * objects.index_select(0, batch.objects)

    def _unions(self, batch: Batch) -> Tensor:
        """The union feature of each pair, (P, D)."""
        unions = self.union_region(self._standard(batch.union_regions)).index_select(0, batch.pair_union)
        return torch.relu(unions + self.pair_position(batch.pair_geometry))

    def _frequency(self, batch: Batch, classes: Tensor) -> Tensor:
        """The bias of each pair, (P, R + 1)."""
        rows = classes[batch.subjects] * len(self.frequency_bias) + classes[batch.objects]
        return self.frequency_bias.flatten(0, 1).index_select(0, rows)


def frequency_bias(counts: NDArray[np.float64]) -> NDArray[np.float32]:
    """log(P(r | s, o) + 1e-3) of counts (O + 1, O + 1, R + 1); two classes never met are background (D25)."""
    counts = counts.copy()
    counts[counts.sum(axis=2) == 0, 0] = 1
    shares = counts / counts.sum(axis=2, keepdims=True)
    return np.log(shares + SMALLEST_SHARE).astype(np.float32)
