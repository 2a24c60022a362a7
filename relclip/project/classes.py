"""Whether params.yaml names classes that can be, said before anything runs."""

from relclip.core.errors import ParamsError, nearest
from relclip.core.params.whole import Params
from relclip.core.vocabulary import load_names
from relclip.dataset.names import lookup


def check_classes(params: Params) -> None:
    """Raise an error of one sentence where a list of classes is none, or a run holds out what is no predicate of it."""
    known = load_names(params.dataset.predicates, "dataset.predicates")
    for names, what in (
        (load_names(params.dataset.objects, "dataset.objects"), "object"),
        (known, "predicate"),
    ):
        lookup(names, what)
    for run in params.trained:
        for name in params.run(run).held_out if known else ():
            if name not in known:
                raise ParamsError(
                    f"train.held_out names the predicate '{name}' for the run '{run}'{nearest(name, known)}; "
                    "dataset.predicates has no such"
                )
