"""What the report is made of: where the other stages' output lies, and what is read of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from relclip.core.digest import check_digests
from relclip.core.kb_filter import believed_triplets
from relclip.core.origin import Origin, read_origin
from relclip.core.params.whole import Params, load_workflow
from relclip.tables.claims import Claim, read_claims
from relclip.tables.grid import FilledTable, build_tables
from relclip.tables.knowledge import (
    BELIEVED,
    WHOLE,
    Columns,
    Qualities,
    quality,
    quality_of_runs,
    triplets_of_runs,
)
from relclip.tables.people import read_people
from relclip.tables.results import Result
from relclip.tables.sources import DataSet, KnowledgeBase, columns_of, read_data_set, read_knowledge_base


@dataclass(frozen=True)
class Inputs:
    """Where each stage's output lies; None: not given, and the report does without."""

    params: Path
    raw: Path
    dataset: Path
    kb: Path | None
    train: Path
    evaluate: Path
    predict: Path | None = None
    gradcam: Path | None = None
    claims: Path | None = None
    clip: Path | None = None
    ext: Path | None = None
    detector: Path | None = None
    benchmarks: Path | None = None
    people: Path | None = None


@dataclass(frozen=True)
class Gathered:
    """Everything that was read, and the tables made of it. `knowledge_of`: by what was judged against."""

    params: Params
    origin: Origin
    data: DataSet
    knowledge: KnowledgeBase | None
    quality: Qualities
    knowledge_of: Mapping[str, Mapping[str, Result]]
    annotation: list[FilledTable]
    truth: list[FilledTable]
    claims: list[Claim]


def gather(inputs: Inputs) -> Gathered:
    """Read everything but pictures. Raises ContractError where another stage's file is absent, broken or edited."""
    params = load_workflow(inputs.params)
    for folder in _made(params, inputs):
        check_digests(folder)
    data, origin = read_data_set(inputs.dataset), read_origin(inputs.raw)
    knowledge = read_knowledge_base(inputs.kb) if inputs.kb else None
    triplets = triplets_of_runs(params, inputs.kb) if inputs.kb else {}
    known = {judged: quality_of_runs(params, triplets, one) for judged, one in data.judged_on.items()}
    people = read_people(params, data.annotation, inputs.evaluate, inputs.people)
    tables = {
        judged: build_tables(params, inputs.evaluate, judged, known.get(judged), people, origin=origin)
        for judged in ("annotation", *(["truth"] if params.dataset.truth else []))
    }
    return Gathered(
        params=params,
        origin=origin,
        data=data,
        knowledge=knowledge,
        quality={
            name: {judged: quality(base, one) for judged, one in data.judged_on.items()}
            for name, base in _bases(params, knowledge, inputs.kb).items()
        },
        knowledge_of=known,
        annotation=tables["annotation"],
        truth=tables.get("truth", []),
        claims=read_claims(inputs.claims) if inputs.claims else [],
    )


def _made(params: Params, inputs: Inputs) -> Iterator[Path]:
    """The folders of what the report reads: data, knowledge, trainings and their judgements, what figures show."""
    shown = params.report.figures.examples
    yield from (inputs.dataset, *([inputs.kb] if inputs.kb else []))
    yield from (inputs.train / run for run in params.trained)
    yield from (inputs.evaluate / run / task for run in params.judged for task in ("predcls", "sgcls"))
    yield from (inputs.evaluate / run / "sgdet" for run in params.predict.detected)
    yield from (inputs.predict / run / "predcls" for run in shown if inputs.predict)
    yield from (inputs.gradcam / run for run in params.gradcam.runs if inputs.gradcam)
    yield from (path.parent for path in (inputs.claims,) if path)


def _bases(params: Params, knowledge: KnowledgeBase | None, kb: Path | None) -> dict[str, Columns]:
    """All that was mined, and what the trainings believe of it unless they choose otherwise, if that is less."""
    if knowledge is None or kb is None:
        return {}
    bases: dict[str, Columns] = {WHOLE: knowledge.triplets}
    believed, _ = believed_triplets(kb, params.train.kb, params.train.seed)
    if len(believed) < len(knowledge.triplets["count"]):
        bases[BELIEVED] = columns_of(believed)
    return bases
