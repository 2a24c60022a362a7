"""Semantic-aware active sampling, RelCLIP eq. 7: which samples are negatives of a query, and how much each counts."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Weighting = Literal["cosine", "shifted", "none"]


@torch.no_grad()
def sampling_weights(
    phrases: Tensor,
    epsilon: float,
    eta: float,
    delete_synonyms: bool = True,
    weight: Weighting = "cosine",
    *,
    others: Tensor | None = None,
) -> Tensor:
    """Weights (N, N) of the dictionaries Q_k: row k is query k; 0 means that the sample is not in Q_k.

    phrases: (N, E) word embeddings e of "subject predicate" or "predicate object". With w = <e_n, e_k>, the cosine:
    w > epsilon is a synonym and out (unless `delete_synonyms` is false), w < eta is uninformative and out. The rest
    weigh w (`cosine`; what is not positive cannot be a weight and is out), (1 + w) / 2 (`shifted`) or 1 (`none`).
    The positive, the query itself, always weighs 1. others: (M, E) phrases of samples outside the batch instead; then
    the weights are (N, M) and none is of a positive.
    """
    unit = functional.normalize(phrases.float(), dim=1)
    sampled = unit if others is None else functional.normalize(others.float(), dim=1)
    cosine = (unit @ sampled.T).clamp_(-1.0, 1.0)
    inside = torch.ge(cosine, eta, out=torch.empty_like(cosine))  # 0 and 1 as numbers: masking is far slower
    if delete_synonyms:
        inside *= torch.le(cosine, epsilon, out=torch.empty_like(cosine))
    if weight == "cosine":
        inside *= cosine.clamp_(min=0.0)
    elif weight == "shifted":
        inside *= (1 + cosine) / 2
    return inside.fill_diagonal_(1.0) if others is None else inside


def weighted_mean(vectors: Tensor, weights: Tensor, rows: Tensor, count: int) -> Tensor:
    """Fuse the embeddings of an instance's possible labels (RelCLIP section 3.4): mean by weight, L2-normalised (D8).

    vectors: (E, D) one per possible label; weights: (E,); rows: (E,) the instance, 0 to count - 1, each belongs to.
    Returns (count, D); an instance whose vectors are all zero stays zero.
    """
    total = torch.zeros(count, vectors.shape[1], dtype=vectors.dtype, device=vectors.device)
    return functional.normalize(total.index_add_(0, rows, vectors * weights[:, None]), dim=1)
