"""One evaluation as text for the terminal: percent, with intervals, and what a reader should know of the input."""

from typing import Any

from relclip.core.metrics import METRICS
from relclip.core.recall import CUTOFFS, LISTS
from relclip.evaluate.comparison_text import number, table


def summary(content: dict[str, Any]) -> str:
    """What `report.evaluate` found (its content), as a table and notes."""
    counts, switches = content["counts"], content["switches"]
    judged = f"{switches['task']}, {counts['images']} images, {counts['groundtruth']} ground truths"
    rows = [
        (f"{LISTS[listed]}{metric.letters}", *(_cell(content, metric.at(k, listed)) for k in CUTOFFS), "")
        for listed in LISTS
        for metric in METRICS
        if any(content["metrics"].get(metric.at(k, listed)) is not None for k in CUTOFFS)
    ]
    paragraphs = [
        f"{judged}; percent, 95 % interval",
        table([("", *(f"@{k}" for k in CUTOFFS), ""), *rows]),
        *_notes(counts, switches),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _cell(content: dict[str, Any], name: str) -> str:
    value, interval = content["metrics"].get(name), content["intervals"].get(name)
    between = f" [{', '.join(number(name, bound) for bound in interval)}]" if interval else ""
    return f"{number(name, value)}{between}"


def _notes(counts: dict[str, Any], switches: dict[str, Any]) -> list[str]:
    notes = []
    if not counts["groundtruth"]:
        notes.append("No image has a ground truth: nothing can be judged.")
    elif not counts["predictions"]:
        notes.append("No prediction is of these images: are image_id and --split those of the ground truth?")
    elif counts["images_without_prediction"]:
        fate = "count as 0" if switches["empty_predictions"] == "zero" else "are left out"
        notes.append(f"{counts['images_without_prediction']} images without any prediction {fate}.")
    if counts.get("predictions_repeated"):
        notes.append(
            f"{counts['predictions_repeated']} predictions repeat the predicate of their pair and take a place each in"
            " the lists without graph constraint (ng): write each once."
        )
    return notes
