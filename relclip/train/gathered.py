"""RCL over the batch of several processes: each contrasts its own queries with the instances of all (eq. 4 to 7).

The losses of all processes add up to `RelationalContrast` over the whole batch, and so do their gradients.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from relclip.compute.world import World
from relclip.train.contrast import Level, Negatives, RelationalContrast, Triplets


def gathered_contrast(
    contrast: RelationalContrast,
    visual: Triplets,
    text: Triplets,
    weights: Mapping[Level, Tensor],
    phrases: tuple[Mapping[Level, Tensor], Mapping[Level, Tensor]] | None,
    *,
    world: World,
    counts: Sequence[int],
) -> Tensor:
    """This process's share of the contrast of all N instances, of which `visual` and `text` hold its own n.

    counts: n of each process. weights: (n, N) of each level. phrases: (n, E) and (N, E) of each level, its own and all,
    by which a memory weighs what it holds. The memories of all processes hold the same.
    """
    sides = [
        functional.normalize(rows.float(), dim=1)
        for level in contrast.levels
        for rows in contrast.sides(level, visual, text)
    ]
    width = sides[0].shape[1]
    everyone = world.gather(torch.cat(sides, dim=1), counts).split(width, dim=1)  # one exchange a step
    queries = slice(sum(counts[: world.number]), sum(counts[: world.number + 1]))
    losses = []
    for number, level in enumerate(contrast.levels):
        seen, said = everyone[2 * number], everyone[2 * number + 1]
        bank = contrast.bank(level)
        own, all_phrases = (said_of.get(level) for said_of in phrases) if phrases else (None, None)
        kept = bank.negatives(own) if bank else None
        if bank:
            bank.remember(seen, said, all_phrases)
        losses.append(
            info_nce_share(
                seen,
                said,
                weights[level],
                queries=queries,
                temperature=contrast.used_temperature,
                gamma=contrast.gamma,
                memory=kept,
            )
        )
    return torch.stack(losses).sum()


def info_nce_share(
    seen: Tensor,
    said: Tensor,
    weights: Tensor,
    *,
    queries: slice,
    temperature: float | Tensor,
    gamma: float,
    memory: Negatives | None = None,
) -> Tensor:
    """What the n `queries` add to `info_nce` of all N rows, `seen` and `said`, (N, D) of length 1; weights: (n, N)."""
    count = queries.stop - queries.start
    own = torch.arange(queries.start, queries.stop, device=seen.device)
    counted = weights.log().scatter(1, own[:, None], 0.0)  # the positive counts 1
    both = []
    for asking, asked, further in (
        (seen, said, memory.text if memory else None),
        (said, seen, memory.visual if memory else None),
    ):
        asks = asking[queries] / temperature
        logits = asks @ asked.T + counted
        if memory is not None and further is not None:
            logits = torch.cat([logits, asks @ further.T + memory.weights.log().expand(count, -1)], dim=1)
        both.append(functional.cross_entropy(logits, own, reduction="sum") / max(len(seen), 1))
    return gamma * both[0] + (1 - gamma) * both[1]
