"""What the curves of a training of relations show."""

from relclip.tracking.curves import Curves
from relclip.tracking.recorder import Recorder

LOSSES = ("loss", "loss_object", "loss_predicate", "loss_rcl", "temperature")
ADVICE = "lower train.learning_rate, set train.gradient_clip, or look for broken values in the features"


def make_curves(recorder: Recorder) -> Curves:
    """Curves without a point."""
    return Curves(recorder, LOSSES, ADVICE)
