"""The RelCLIP network, RelCLIP eq. 1 and section 3.4: adaptors over frozen CLIP regions, two classifiers."""

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from relclip.core.errors import ParamsError
from relclip.core.params.train import Train, UseLabels
from relclip.model.attention import AttentionStack
from relclip.model.base import LabelSource, Model, Output, RelationConfig
from relclip.model.batch import OBJECT_NUMBERS, PAIR_NUMBERS, Batch, position_embedding


class ModelConfig(RelationConfig):
    """RelCLIP's configuration."""

    kind: Literal["relclip"] = "relclip"
    heads: int = Field(ge=1)
    use_labels: UseLabels = "none"
    object_features: bool = False


class RelCLIP(Model):
    """v^r_ij = h_rel([f_ROI(V(I), b_ij); p_ij]), v_i = h_obj([f_ROI(V(I), b_i); p_i]) and their classifiers.

    A fully connected layer over a concatenation [a; b] is written as the sum of one layer over a and one over b: the
    union box of (i, j) and (j, i) then goes through its part, by far the largest, once. With `use_labels: text` the
    predicate classifier reads relu(linear([v^r; t_i; t_j])); v^r itself, which the contrast sees, stays visual.
    """

    Config = ModelConfig
    has_contrast = True

    config: ModelConfig
    label_text: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        dimension, width = config.dimension, config.roi_size**2 * config.channels
        self.object_region = nn.Linear(width, dimension)
        self.object_position = position_embedding(OBJECT_NUMBERS, dimension)
        self.object_attention = AttentionStack(dimension, config.heads, config.dropout)
        self.union_region = nn.Linear(width, dimension)
        self.pair_position = position_embedding(PAIR_NUMBERS, dimension)
        self.relation_attention = AttentionStack(dimension, config.heads, config.dropout)
        if config.object_features:
            self.subject_part = nn.Linear(dimension, dimension, bias=False)
            self.object_part = nn.Linear(dimension, dimension, bias=False)
        if config.use_labels == "text":
            self.join_relation = nn.Linear(dimension, dimension)
            self.join_subject = nn.Linear(config.text_dimension, dimension, bias=False)
            self.join_object = nn.Linear(config.text_dimension, dimension, bias=False)
            self.register_buffer("label_text", torch.zeros(config.object_classes + 1, config.text_dimension))
        self.object_classifier = nn.Linear(dimension, config.object_classes + 1)
        self.predicate_classifier = nn.Linear(dimension, config.predicates + 1)

    @classmethod
    def from_params(cls, params: Train, **sizes: int) -> "RelCLIP":
        """Return the network of `params` with random weights. Raises ParamsError where the heads do not divide it."""
        if params.dimension % params.heads:
            raise ParamsError(
                f"train.dimension {params.dimension} is no multiple of train.heads {params.heads}; change one of the "
                "two"
            )
        own = {"dimension", "roi_size", "dropout", "heads", "use_labels", "object_features"}
        return cls(ModelConfig.model_validate({**sizes, **params.model_dump(include=own)}))

    def answers(self, batch: Batch, sources: Sequence[LabelSource]) -> list[Output]:
        """Return what `forward` says with each source of the labels; what these share is computed once.

        Predicted labels enter as the expectation of their embeddings over the classifier's softmax (D7).
        """
        objects = torch.relu(
            self.object_region(self._standard(batch.object_regions))
            + self.object_position(batch.object_geometry)
        )
        objects = self.object_attention(objects, batch.object_padding)  # (N, D)
        object_logits = self.object_classifier(objects)
        # (P, D)
        relations = self.relation_attention(self._relation_input(batch, objects), batch.pair_padding)
        joined = [self._join_labels(batch, relations, object_logits, labels) for labels in sources]
        return [Output(object_logits, self.predicate_classifier(rows), objects, relations) for rows in joined]

    def predicate_head_parameters(self) -> Iterator[nn.Parameter]:
        """What a training of the predicate head alone changes."""
        return self.predicate_classifier.parameters()

    def _relation_input(self, batch: Batch, objects: Tensor) -> Tensor:
        unions = self.union_region(self._standard(batch.union_regions))  # (U, D)
        rows = unions.index_select(0, batch.pair_union) + self.pair_position(batch.pair_geometry)
        if self.config.object_features:
            rows = rows + self.subject_part(objects).index_select(0, batch.subjects)
            rows = rows + self.object_part(objects).index_select(0, batch.objects)
        return torch.relu(rows)

    def _join_labels(self, batch: Batch, relations: Tensor, object_logits: Tensor, labels: str) -> Tensor:
        if self.config.use_labels == "none":
            return relations
        if labels == "given":
            text = self.label_text.index_select(0, batch.classes)
        else:
            text = object_logits[:, 1:].float().softmax(dim=1) @ self.label_text[1:]
        subjects = self.join_subject(text).index_select(0, batch.subjects)
        objects = self.join_object(text).index_select(0, batch.objects)
        return torch.relu(self.join_relation(relations) + (subjects + objects))
