"""The study's page in Markdown: what was found, claim by claim and row by row, and what is not finished."""

from collections.abc import Sequence

from relclip.core.page import markdown_rows
from relclip.core.params.train import Train
from relclip.core.recall import MEAN_RECALL, RECALL
from relclip.study.effects import POWER, Effect
from relclip.study.gather import COLUMNS, HOLDS, METRICS, RISE, UNDECIDED, Finding, Row
from relclip.tables.layout import TASKS

HEADER = """# Do the paper's claims hold? A replication study

For whoever asks which of RelCLIP's claims hold on drawn scenes, and how surely. Differences are points of PredCls R@50
on the annotation of the {pictures:,} test pictures, on which nothing was chosen: of 100 annotated relations so many
more are among a picture's first 50 answers. In brackets: 95 % intervals."""
HOW = """## How sure

An interval holds for a new draw of test pictures and of training seeds: a bootstrap of both levels, with Student's t at
Satterthwaite's degrees of freedom. In brackets beside its standard error stands that of a mixed model with crossed
random effects. Holm corrects p for all claims of a table on the same task and metric; `not after Holm`: the interval
leaves out zero, the corrected p is 0.05 or more. `could have seen` is the smallest true difference that this design
would find in {power:.0f} of 100 studies. With one seed nothing is decided. Every claim on every task and metric, SGCls
and zR@50 too: [study/claims.csv](study/claims.csv); every network's digest: [study/models.csv](study/models.csv)."""
MADE = """## How it was made

`make preset NAME=study && make tables && make study`. A training that is not finished is counted nowhere and said to be
missing. For another CLIP in a claim: a second folder of the preset with that one key changed, and
`python -m relclip.study --elsewhere CHANGE=FOLDER`.

{regime}

{about}"""
#: What a line of a table of claims shows in full, and what beside it.
FIRST, BESIDE = ("predcls", RECALL.at()), [("predcls", MEAN_RECALL.at()), ("sgcls", RECALL.at())]


def page(
    rows: Sequence[Row],
    found: Sequence[Finding],
    train: Train,
    pictures: tuple[int, int],
    figures: Sequence[str],
    *,
    about: str = "",
    note: str = "",
) -> str:
    """The whole page.

    pictures: how many train and test; figures: paths of what is drawn, relative to the page; about: what is to be known
    of the preset's rows; note: of how these trainings were made.
    """
    done = sum(len(row.finished) for row in rows)
    planned = sum(len(row.runs) for row in rows)
    regime = (
        f"Finished: {done} of {planned} trainings. Where a row says nothing else: {train.iterations:,} steps of "
        f"{train.images_per_batch} pictures, {train.iterations * train.images_per_batch / pictures[0]:.1f} passes over "
        f"{pictures[0]:,} train pictures. {note}"
    ).rstrip()
    groups: dict[str, list[Finding]] = {}
    for one in found:
        groups.setdefault(one.claim.group, []).append(one)
    judged = [one for one in groups.get("", []) if (one.task, one.metric) == FIRST and one.effect]
    sections = [
        HEADER.format(pictures=pictures[1]),
        "## What was found\n\n" + (verdicts(judged) or "No pair of rows is finished yet."),
        *(f"![{name}]({name})" for name in figures),
        *(f"## {group or 'Claims'}\n\n{claims_table(of_group)}" for group, of_group in groups.items()),
        HOW.format(power=100 * POWER),
        MADE.format(regime=regime, about=about).rstrip(),
        "## Rows\n\n" + rows_table(rows),
    ]
    return "\n\n".join(sections) + "\n"


def verdicts(judged: Sequence[Finding]) -> str:
    """Verdict by verdict the claims that have it, with their difference; of the undecided the name alone."""
    by_verdict: dict[str, list[Finding]] = {}
    for one in judged:
        by_verdict.setdefault(one.verdict, []).append(one)
    undecided = "; ".join(one.claim.claim for one in by_verdict.pop(UNDECIDED, []))
    lines = []
    for verdict in sorted(by_verdict, key=lambda one: (not one.startswith(HOLDS), one)):
        found = by_verdict[verdict]
        lines += [f"- **{verdict}**", *(f"  - {one.claim.claim}: {_short(one)}" for one in found)]
    return "\n".join([*lines, *([f"- **{UNDECIDED}**: {undecided}"] if undecided else [])])


def claims_table(found: Sequence[Finding]) -> str:
    """A line a claim, in percentage points: all that is known of one metric, the difference on others."""
    head = [
        "claim",
        "seeds",
        _name(FIRST),
        "95 %",
        "p",
        "Holm's p",
        "could have seen",
        "s.e. (mixed model)",
        "verdict",
    ]
    claims = {id(one.claim): one.claim for one in found}
    by_place = {(id(one.claim), one.task, one.metric): one for one in found}
    lines, missing = [], []
    for number, claim in claims.items():
        first = by_place.get((number, *FIRST))
        if first is None or first.effect is None:
            missing.append(claim.claim)
            continue
        beside = [by_place.get((number, *place)) for place in BESIDE]
        lines.append([*_claim_line(first, first.effect), *map(_short, beside)])
    left = ["", f"Not finished: {'; '.join(missing)}."] if missing else []
    return "\n".join([*markdown_rows([*head, *map(_name, BESIDE)], lines), *left])


def _name(place: tuple[str, str]) -> str:
    return f"{TASKS[place[0]]} {METRICS[place[1]]}"


def _short(one: Finding | None) -> str:
    """`+1.2 [+0.3, +2.1]`."""
    if one is None or one.effect is None:
        return ""
    middle, low, high = (100 * value for value in (one.effect.difference, one.effect.low, one.effect.high))
    return f"{middle:+.1f} [{low:+.1f}, {high:+.1f}]"


def _claim_line(one: Finding, effect: Effect) -> list[str]:
    several = len(effect.seeds) > 1
    model = f" ({100 * one.model.error:.2f})" if one.model else ""
    return [
        one.claim.claim,
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
    return "\n".join(markdown_rows(["row", "seeds", *COLUMNS, RISE], lines))
