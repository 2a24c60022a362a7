"""What the report is made of: where the other stages' output lies, and what is read of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relclip.core.kb_filter import believed_triplets
from relclip.core.origin import Origin, read_origin
from relclip.core.params.whole import Params, load_workflow
from relclip.tables import kb_size
from relclip.tables.claims import Claim, read_claims
from relclip.tables.grid import Table, build_tables
from relclip.tables.knowledge import BELIEVED, WHOLE, Columns, Qualities, quality
from relclip.tables.people import read_people
from relclip.tables.results import Result
from relclip.tables.sources import DataSet, KnowledgeBase, read_data_set, read_knowledge_base


@dataclass(frozen=True)
class Inputs:
    """Where each stage's output lies; None: not given, and the report does without."""

    params: Path
    raw: Path
    dataset: Path
    kb: Path
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
    knowledge: KnowledgeBase
    quality: Qualities
    knowledge_of: Mapping[str, Mapping[str, Result]]
    annotation: list[Table]
    truth: list[Table]
    claims: list[Claim]


def gather(inputs: Inputs) -> Gathered:
    """Read everything but pictures. Raises ContractError where another stage's file is absent or broken."""
    params, data, origin = (
        load_workflow(inputs.params),
        read_data_set(inputs.dataset),
        read_origin(inputs.raw),
    )
    knowledge = read_knowledge_base(inputs.kb)
    relations = {"annotation": data.relations} | ({"truth": data.truth} if data.truth is not None else {})
    triplets = kb_size.triplets_of_runs(params, inputs.kb)
    known = {judged: kb_size.results(params, data, triplets, one) for judged, one in relations.items()}
    people = read_people(params, inputs.dataset, inputs.evaluate, inputs.people)
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
            name: {judged: quality(base, data, one) for judged, one in relations.items()}
            for name, base in _bases(params, knowledge, inputs.kb).items()
        },
        knowledge_of=known,
        annotation=tables["annotation"],
        truth=tables.get("truth", []),
        claims=read_claims(inputs.claims) if inputs.claims else [],
    )


def _bases(params: Params, knowledge: KnowledgeBase, kb: Path) -> dict[str, Columns]:
    """All that was mined, and what the trainings believe of it unless they choose otherwise, if that is less."""
    bases: dict[str, Columns] = {WHOLE: knowledge.triplets}
    believed, _ = believed_triplets(kb, params.train.kb, params.train.seed)
    if len(believed) < len(knowledge.triplets["count"]):
        bases[BELIEVED] = {name: believed[name].to_numpy() for name in believed.column_names}
    return bases
