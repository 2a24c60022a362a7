"""What the curves of the detector's training show."""

from relclip.tracking.curves import Curves
from relclip.tracking.recorder import Recorder

LOSSES = ("loss", "loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg")


def make_curves(recorder: Recorder) -> Curves:
    """Curves without a point."""
    return Curves(recorder, LOSSES, "lower detector.learning_rate")
