"""An evaluation, or a comparison of two, as text for the terminal: percent, a line a metric, a predicate, an image."""

from collections.abc import Iterable
from typing import Any

from relclip.core.errors import counted
from relclip.core.metrics import METRICS, OF_BOXES, OF_LISTS, metric_label
from relclip.core.recall import CUTOFFS, LISTS

HEAD = ("A", "B", "B - A", "95 % interval", "p", "")
SHOWN_HITS = 4
NO_PAIR = (
    "Not one annotated pair is among any image's first 100 predictions, whatever the predicate: are the boxes x1, y1, "
    "x2, y2 in pixels of the image, the classes numbered as in vocabulary.json, and image_id that of the ground truth?"
)


def summary(content: dict[str, Any]) -> str:
    """What `report.evaluate` found (its content), as a table and notes."""
    counts, switches = content["counts"], content["switches"]
    judged = ", ".join(
        [switches["task"], counted(counts["images"], "image"), counted(counts["groundtruth"], "ground truth")]
    )
    rows = [
        (
            f"{LISTS[listed]}{metric.letters}",
            *(_with_interval(content, metric.at(k, listed)) for k in CUTOFFS),
            "",
        )
        for listed in LISTS
        for metric in METRICS
        if metric.cutoffs and any(content["metrics"].get(metric.at(k, listed)) is not None for k in CUTOFFS)
    ]
    lists = [f"{one.letters} {number(content['metrics'].get(one.name))}" for one in OF_LISTS]
    paragraphs = [
        f"{judged}; percent, 95 % interval",
        table([("", *(f"@{k}" for k in CUTOFFS), ""), *rows]),
        f"Open Images: {', '.join(lists)}",
        *(
            f"{one.letters} {number(value)}"
            for one in OF_BOXES
            if (value := content["metrics"].get(one.name)) is not None
        ),
        *_notes(counts, switches),
        *([NO_PAIR] if counts["predictions"] and content["metrics"].get("pair_recall_at_100") == 0 else []),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _with_interval(content: dict[str, Any], name: str) -> str:
    value, interval = content["metrics"].get(name), content["intervals"].get(name)
    between = f" [{', '.join(number(bound) for bound in interval)}]" if interval else ""
    return f"{number(value)}{between}"


def _notes(counts: dict[str, Any], switches: dict[str, Any]) -> list[str]:
    notes = []
    if not counts["groundtruth"]:
        notes.append("No image has a ground truth: nothing can be judged.")
    elif not counts["predictions"]:
        notes.append("No prediction is of these images: are image_id and --split those of the ground truth?")
    elif counts["images_without_prediction"]:
        fate = "counted as 0" if switches["empty_predictions"] == "zero" else "left out"
        notes.append(
            f"Without any prediction, {fate}: {counted(counts['images_without_prediction'], 'image')}."
        )
    if counts["predictions"] and counts.get("predictions_elsewhere"):
        elsewhere = counted(counts["predictions_elsewhere"], "prediction")
        notes.append(f"Of images that are not judged here, left out: {elsewhere}.")
    if counts.get("predictions_repeated"):
        notes.append(
            "The predicate of their pair said again, a place each in the lists without graph constraint (ng):"
            f" {counted(counts['predictions_repeated'], 'prediction')}; write each once."
        )
    return notes


def comparison_text(content: dict[str, Any]) -> str:
    """What `compare_hits.compare_hits` returned, as three tables."""
    by = metric_label(content["settings"]["by"])
    judged, seeds = content["images_judged"], content["seeds"]
    head = (
        f"{counted(judged, 'image')}, {counted(seeds, 'pair')} of models; percent; intervals by image, paired"
    )
    metrics = [
        (metric_label(name), *_cells(one)) for name, one in content["metrics"].items() if one["a"] is not None
    ]
    predicates = [
        (name, str(one["groundtruth"]), *_cells(one))
        for name, one in sorted(
            content["per_predicate"].items(), key=lambda item: -abs(item[1]["difference"] or 0)
        )
        if one["groundtruth"]
    ]
    paragraphs = [
        head,
        table([("", *HEAD), *metrics]),
        f"{by} by predicate, largest change first",
        table([("", "ground truth", *HEAD), *predicates]),
        *_images(content["images"], by),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    low, high = one["low"], one["high"]
    return (
        number(one["a"]),
        number(one["b"]),
        number(one["difference"], "+"),
        "-" if low is None else f"[{number(low, '+')}, {number(high, '+')}]",
        "-" if one["p"] is None else f"{one['p']:.3f}",
        "-" if low is None else one["verdict"],
    )


def number(value: float | None, sign: str = "") -> str:
    """A share in percent with two digits; `-` where it is undefined."""
    return "-" if value is None else f"{100 * value:{sign}.2f}"


def _images(images: dict[str, Any], by: str) -> Iterable[str]:
    if not images["changed"]:
        yield f"No image changed its hits at {by}."
        return
    rows = [
        (str(one["image_id"]), f"+{len(one['gained'])} -{len(one['lost'])}", _hits(one))
        for one in images["most"]
    ]
    changed = counted(images["changed"], "image")
    yield f"Hits at {by} changed in {changed}; most of all (subject id, predicate, object id)"
    yield table([("image", "hits", ""), *rows])


def _hits(one: dict[str, Any]) -> str:
    words = [
        f"{sign}({subject} {name} {other})"
        for sign, key in (("+", "gained"), ("-", "lost"))
        for subject, name, other in one[key]
    ]
    more = [f"and {len(words) - SHOWN_HITS} more"] if len(words) > SHOWN_HITS else []
    return " ".join([*words[:SHOWN_HITS], *more])


def table(rows: list[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell: the first and the last to the left, the others to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    last = len(widths) - 1
    lines = (
        "  ".join(
            cell.ljust(width) if place in {0, last} else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
