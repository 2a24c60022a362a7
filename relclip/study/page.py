"""The study's page in Markdown: what was found, claim by claim and row by row, and what is not finished."""

from collections.abc import Sequence

from relclip.core.params.train import Train
from relclip.core.recall import RECALL
from relclip.study.effects import POWER, Effect
from relclip.study.gather import COLUMNS, METRICS, RISE, Finding, Row
from relclip.tables.layout import TASKS

HEADER = """# Do the paper's claims hold? A replication study

Made by `make study` from the trainings of the preset `study` (`make preset NAME=study SEEDS=5`); a training that is not
finished is counted nowhere and said to be missing.

{regime}

Judged on the annotation of the {pictures:,} test pictures, on which nothing was chosen. The length was not chosen
either: the rate falls to zero over it, so a curve that is flat at its end says that this training is over, not that a
longer one would reach no more. Read a difference as one at this budget; other lengths stand in a row's name.
Taken over from the default data set, where validation chose them: the learning rate, what a knowledge-base triplet must
have been said (8 times, of 1, 3, 5, 8, 12), and the labels' text as input, beside which stands every row without it."""
HOW = """## How sure

An interval holds for a new draw of test pictures and of training seeds: a bootstrap of both levels, with Student's t at
Satterthwaite's degrees of freedom. `mixed model` is the standard error by crossed random effects of seed and picture,
beside the bootstrap's. Holm corrects p for all claims of this page that have two seeds. `could have seen`: the smallest
true difference that this design would find in {power:.0f} of 100 studies. With one seed an interval is of the pictures
alone, and nothing is decided."""


def page(
    rows: Sequence[Row],
    found: Sequence[Finding],
    train: Train,
    pictures: tuple[int, int],
    figures: Sequence[str],
) -> str:
    """The whole page. pictures: how many train and test; figures: paths of what is drawn, relative to the page."""
    done = sum(len(row.finished) for row in rows)
    planned = sum(len(row.runs) for row in rows)
    regime = (
        f"Finished: {done} of {planned} trainings. Each takes {train.iterations:,} steps of {train.images_per_batch} "
        f"pictures, {train.iterations * train.images_per_batch / pictures[0]:.1f} passes over {pictures[0]:,} train "
        "pictures."
    )
    said = [
        sentence(one) for one in found if one.task == "predcls" and one.metric == RECALL.at() and one.effect
    ]
    sections = [
        HEADER.format(regime=regime, pictures=pictures[1]),
        "## What was found\n\n" + ("\n".join(said) or "No pair of rows is finished yet."),
        *(f"![{name}]({name})" for name in figures),
        "## Claims\n\n" + claims_table(found),
        HOW.format(power=100 * POWER),
        "## Rows\n\n" + rows_table(rows),
    ]
    return "\n\n".join(sections) + "\n"


def sentence(one: Finding) -> str:
    """One finding for who reads no table: of 100 relations, how many more are found."""
    assert one.effect is not None
    effect = one.effect
    count = len(effect.seeds)
    middle, low, high = (100 * value for value in (effect.difference, effect.low, effect.high))
    return (
        f"- **{one.claim.claim}: {one.verdict}.** Of 100 annotated relations {abs(middle):.1f} "
        f"{'more' if middle > 0 else 'fewer'} are among a picture's first 50 answers [{low:+.1f}, {high:+.1f}]; "
        f"{count} seed{'s' * (count > 1)}."
    )


def claims_table(found: Sequence[Finding]) -> str:
    """Every claim, task and metric with its interval, p and detectable effect, in percentage points."""
    head = ["claim", "task", "metric", "seeds", "difference", "95 %", "p", "Holm's p", "could have seen"]
    head += ["s.e. (mixed model)", "verdict"]
    missing = dict.fromkeys(one.claim.claim for one in found if one.effect is None)
    table = markdown(head, [_claim_line(one, one.effect) for one in found if one.effect])
    return table + (f"\n\nNot finished: {'; '.join(missing)}." if missing else "")


def _claim_line(one: Finding, effect: Effect) -> list[str]:
    name = [one.claim.claim, TASKS[one.task], METRICS[one.metric]]
    several = len(effect.seeds) > 1
    model = f" ({100 * one.model.error:.2f})" if one.model else ""
    return [
        *name,
        str(len(effect.seeds)),
        f"{100 * effect.difference:+.1f}",
        f"{100 * effect.low:+.1f} to {100 * effect.high:+.1f}",
        f"{effect.p:.2g}" if several else "",
        f"{one.holm:.2g}" if one.holm is not None else "",
        f"{100 * effect.detectable:.1f}" if several else "",
        f"{100 * effect.error:.2f}{model}",
        one.verdict,
    ]


def rows_table(rows: Sequence[Row]) -> str:
    """Every row, mean and standard deviation over its finished seeds, in percent."""
    lines = [
        [row.name, f"{len(row.finished)} of {len(row.runs)}", *map(row.text, [*COLUMNS, RISE])]
        for row in rows
    ]
    return markdown(["row", "seeds", *COLUMNS, RISE], lines)


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    cells = [list(head), ["--"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
