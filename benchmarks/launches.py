"""How many kernels a training step launches: on a card small steps wait for launches. Counted on the CPU; JSON.

    python benchmarks/launches.py [--seeds 3] [--compiled]

A launch is an operation below autograd that is no view; a fused or a foreach one counts once, and the LSTM is unrolled
here, where cuDNN has a kernel a layer. The steps are the trainer's own, on images as unequal as Visual Genome's, with
the attention's images padded together from other shares on. `together`: forward and backward of several seeds'
networks, one after another and as one model, by torch.func's vmap over the stacked parameters; all see one batch, for
those of different images have no equal shapes, so this is the least it can be. The stacked gradients are compared with
the single ones. `compiled`: forward and backward of RelCLIP's network as torch.compile makes them of batches of any
size, with the attention's images padded as one group; minutes, and a C++ compiler is needed.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.utils._python_dispatch import TorchDispatchMode
from train import OBJECTS, PREDICATES, SIZES, images_like_scenes, random_labels, random_language

from relclip.compute.device import prepare
from relclip.compute.schedule import descend, make_optimizer
from relclip.core.command import AsWritten
from relclip.core.params.train import Train
from relclip.core.vocabulary import Vocabulary
from relclip.model import Batch, Output, attention
from relclip.train.minibatch import draw
from relclip.train.setup import Material, make_trainer
from relclip.train.trainer import Trainer

CPU = torch.device("cpu")
#: SHORTEST_SHARE of the attention: a CPU's, others.
SHARES = (0.75, 0.25, 0.0)
#: Fewest and most boxes of an image, as unequal as Visual Genome's.
BOXES = (3, 40)


class Launches(TorchDispatchMode):
    """Counts the operations that are no views."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count and go on."""
        returned = function._schema.returns
        if not any(one.alias_info is not None and not one.alias_info.is_write for one in returned):
            self.by_name[str(function)] += 1
        return function(*args, **(kwargs or {}))


def counted(function: Callable[[], Any]) -> int:
    """Launches of a call."""
    with Launches() as launches:
        function()
    return launches.by_name.total()


def make(model: str, **params: Any) -> Trainer:
    """A trainer on synthetic inputs; the number of launches does not depend on the widths."""
    random, sizes = np.random.default_rng(0), SIZES["scenes"]
    images = images_like_scenes(random, sizes["cells"], sizes["channels"], boxes=BOXES)
    prompts, phrases = random_language(random, sizes["dimension"], CPU)
    vocabulary = Vocabulary(tuple(map(str, range(OBJECTS))), tuple(map(str, range(PREDICATES))))
    own = {key: sizes[key] for key in ("dimension", "heads", "roi_size")}
    settings = Train(model=model, foreground_per_image=16, **own, **params)  # type: ignore[arg-type]
    trainer = make_trainer(
        settings, Material(vocabulary, images, prompts, phrases, CPU), random_labels(random, images, "kb")
    )
    trainer.model.train()
    return trainer


def step(trainer: Trainer) -> dict[str, int]:
    """Launches of one step, of its parts."""
    optimizer = make_optimizer(trainer.params, trainer.weights)
    share = trainer.share(draw(trainer.params, trainer.training_set, 0), 0)
    trainer.losses_of(share).loss.backward()
    descend(optimizer, 1e-3, trainer.params.gradient_clip)
    optimizer.zero_grad(set_to_none=True)
    losses: list[Tensor] = []

    def ready() -> Any:
        return trainer.share(draw(trainer.params, trainer.training_set, 0), 0)

    found = {
        "batch": counted(ready),
        "forward": counted(lambda: losses.append(trainer.losses_of(share).loss)),
        "backward": counted(losses[0].backward),
        "update": counted(partial(descend, optimizer, 1e-3, trainer.params.gradient_clip)),
    }
    found["step"] = sum(found.values())
    trainer.regions.give_back()
    found["batch, its regions not kept"] = counted(ready)
    trainer.regions.keeps = True
    return found


def together(seeds: int) -> dict[str, Any]:
    """Launches of the gradients of several seeds' networks on one batch, one after another and stacked."""
    trainers = [make("relclip", seed=seed, dropout=0.0) for seed in range(seeds)]
    share = trainers[0].share(draw(trainers[0].params, trainers[0].training_set, 0), 0)
    base = trainers[0].model

    def loss(weights: dict[str, Tensor], buffers: dict[str, Tensor], model: torch.nn.Module = base) -> Tensor:
        output = functional_call(model, (weights, buffers), (share.batch,))
        return output.predicate_logits.square().mean() + output.object_logits.square().mean()

    weights, buffers = stack_module_state([trainer.model for trainer in trainers])
    stacked: list[dict[str, Tensor]] = []
    single: list[dict[str, Tensor]] = []
    found = {
        "single": counted(
            lambda: single.extend(
                grad(loss)(dict(one.model.named_parameters()), dict(one.model.named_buffers()))
                for one in trainers
            )
        ),
        "stacked": counted(lambda: stacked.append(vmap(grad(loss))(weights, buffers))),
    }
    differences = [
        float((stacked[0][name][place] - value).abs().max() / value.abs().max())
        for place, one in enumerate(single)
        for name, value in one.items()
        if value.abs().max() > 0
    ]
    return {"seeds": seeds, **found, "largest_relative_difference": max(differences)}


def compiled() -> dict[str, int]:
    """Launches of the network's forward and backward, plain and compiled, and the batches that compile anew."""
    from torch._dynamo.utils import counters  # noqa: PLC0415  # slow to load, and torch's own
    from torch._inductor import metrics  # noqa: PLC0415

    attention.SHORTEST_SHARE = 0.0
    trainer = make("relclip")
    batches = [trainer.share(draw(trainer.params, trainer.training_set, k), k).batch for k in range(4)]

    def once(network: Callable[[Batch], Output], batch: Batch) -> None:
        output = network(batch)
        logits = [output.predicate_logits, output.object_logits]
        torch.autograd.backward(logits, [rows.detach() for rows in logits])

    network = torch.compile(trainer.model.forward, dynamic=True, fullgraph=True)
    once(network, batches[0])
    kernels = metrics.generated_kernel_count + counters["inductor"]["extern_calls"]
    counters.clear()
    for batch in batches[1:]:
        once(network, batch)
    trainer.model.zero_grad()
    plain = counted(partial(once, trainer.model, batches[0]))
    return {"plain": plain, "compiled": kernels, "anew": counters["inductor"]["fxgraph_cache_miss"]}


def main() -> None:
    """Parse, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    parser.add_argument("--seeds", type=int, default=3, help="networks that are stacked")
    parser.add_argument("--compiled", action="store_true", help="what torch.compile makes of it, too")
    options = parser.parse_args()
    prepare(0, 1)
    found: dict[str, Any] = {}
    for model in ("relclip", "motif"):
        trainer = make(model)
        for share in SHARES if model == "relclip" else SHARES[:1]:
            attention.SHORTEST_SHARE = share
            found[f"{model}, shortest {share} of the longest"] = step(trainer)
    found["together"] = together(options.seeds)
    if options.compiled:
        found["compiled"] = compiled()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
