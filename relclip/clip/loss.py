"""The contrastive loss of CLIP, and its form for batches in which several pictures say the same."""

import torch
from torch import Tensor
from torch.nn import functional as F

from relclip.compute.world import World


def clip_loss(images: Tensor, texts: Tensor, index: Tensor, scale: Tensor) -> Tensor:
    """open_clip's ClipLoss: each picture's only positive is its own copy of its text. Duplicates push each other away.

    images (B, D) and texts (U, D) of length 1; index (B,) the text of each picture; scale: exp of the logit scale.
    Texts that no picture shows are left out.
    """
    from open_clip import ClipLoss  # noqa: PLC0415

    return ClipLoss()(images, texts[index], scale)


def multi_positive_loss(images: Tensor, texts: Tensor, index: Tensor, scale: Tensor) -> Tensor:
    """ClipLoss with each distinct text once: pictures that say the same are positives, none is a false negative.

    Shapes as in `clip_loss`. Picture to text is a cross-entropy over U texts; text to picture has the target spread
    evenly over its pictures. Equal to `clip_loss` where all B texts are distinct. Texts that no picture shows are hard
    negatives of the pictures alone (as in NegCLIP, Yuksekgonul et al. 2023).
    """
    logits = scale * images @ texts.T  # (B, U)
    shown = int(index.max()) + 1  # texts that no picture shows come last
    shows = F.one_hot(index, shown).T.to(logits.dtype)  # (shown, B)
    spread = shows / shows.sum(dim=1, keepdim=True)
    to_text = F.cross_entropy(logits, index)
    to_image = -(spread * F.log_softmax(logits[:, :shown].T, dim=1)).sum(dim=1).mean()
    return (to_text + to_image) / 2


LOSSES = {"multi_positive": multi_positive_loss, "clip": clip_loss}


def shared_loss(
    name: str,
    embedded: tuple[Tensor, Tensor],
    counts: tuple[int, int],
    index: Tensor,
    scale: Tensor,
    *,
    world: World,
) -> Tensor:
    """What this process adds to `LOSSES[name]` of the embeddings of all processes; its gradients add up as well.

    embedded: its own pictures (b, D) and texts (u, D), those that `world.part` gives it of all `counts`, B and U. index
    (B,) and scale: the whole step's.
    """
    images, texts = _gathered(embedded, counts, world)
    own = world.part(len(index))
    if name == "clip":  # each picture has its own copy of its text
        texts, own_texts, shown = texts[index], own, len(index)
        index = torch.arange(shown, device=index.device)
    else:
        own_texts, shown = world.part(len(texts)), int(index.max()) + 1
    to_text = F.cross_entropy(scale * images[own] @ texts.T, index[own], reduction="sum") / len(images)
    # those of this process, less those that no picture shows
    targeted = slice(own_texts.start, min(own_texts.stop, shown))
    shows = F.one_hot(index, shown).T[targeted].to(images.dtype)
    spread = shows / shows.sum(dim=1, keepdim=True)
    to_image = -(spread * F.log_softmax(scale * texts[targeted] @ images.T, dim=1)).sum() / shown
    return (to_text + to_image) / 2


def _gathered(
    embedded: tuple[Tensor, Tensor], counts: tuple[int, int], world: World
) -> tuple[Tensor, Tensor]:
    """The pictures and the texts of all processes, (B, D) and (U, D), in one exchange."""
    lengths = [_length(world.part_of(number, count)) for number in range(world.size) for count in counts]
    rows = [sum(pair) for pair in zip(lengths[::2], lengths[1::2], strict=True)]
    gathered = world.gather(torch.cat(embedded), rows).split(lengths)
    return torch.cat(gathered[::2]), torch.cat(gathered[1::2])


def _length(rows: slice) -> int:
    return int(rows.stop - rows.start)


def learning_rate(step: int, steps: int, warmup: int, peak: float) -> float:
    """Linear warm-up to `peak`, then a cosine to zero at `steps`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return peak * 0.5 * (1.0 + float(torch.cos(torch.tensor(torch.pi * min(1.0, done)))))
