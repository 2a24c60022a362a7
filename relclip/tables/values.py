"""The values that page.html and its sections are filled with."""

from typing import Any

from relclip.core.json_file import read_json
from relclip.tables import claims as claim_table
from relclip.tables import content, encoder, explain, paper, provenance
from relclip.tables.account import read_account
from relclip.tables.examples import TOP
from relclip.tables.gather import Gathered, Inputs
from relclip.tables.layout import OF_PAPER, TASKS
from relclip.tables.sources import SPLITS

CONTENTS = (
    ("about", "What this is"),
    ("results", "Tables"),
    ("claims", "Claims, the paper's and ours"),
    ("beyond", "Beyond the paper"),
    ("examples", "What the model sees"),
    ("relations", "Recall by relation"),
    ("training", "Training"),
    ("encoder", "What CLIP knows"),
    ("scenes", "Sample pictures"),
    ("dataset", "The data set"),
    ("knowledge", "The knowledge base"),
    ("provenance", "Protocol and provenance"),
)


def page_values(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    """Every value but the figures. Raises ContractError where another stage's file is absent or broken."""
    return {
        "contents": CONTENTS,
        **_words(gathered, inputs),
        **_data(gathered, inputs),
        **_tables(gathered, inputs),
        **_claims(gathered),
        "top": TOP,
        "verdicts_of_examples": content.VERDICTS,
        "row_names": content.row_names(gathered.params),
        "clip_accuracies": encoder.clip_accuracies(inputs.clip),
        "ext_accuracies": encoder.ext_accuracies(inputs.ext),
        "detector_facts": content.detector_facts(inputs.detector),
        "protocol": content.scalars(gathered.params.evaluate.model_dump()),
        "provenance": provenance.facts(inputs.params),
        "times": provenance.stage_times(inputs.benchmarks),
    }


def _words(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    params = gathered.params
    return {
        "measured_on": explain.measured_on(params),
        "orientation": explain.orientation(params),
        "how_to_read": explain.how_to_read(params, OF_PAPER[0]),
        "how_to_read_beyond": explain.how_to_read(params, "beyond"),
        "citation": paper.citation(),
        "paper_data": paper.data(),
        "scenes_source": params.raw.source == "scenes",
        "banner": explain.UNTRAINED if encoder.untrained(inputs.clip) else "",
    }


def _data(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    data, knowledge = gathered.data, gathered.knowledge
    predicates = data.vocabulary.predicates
    return {
        "classes": len(set(data.objects["class_id"].tolist())),
        "predicates": predicates,
        "splits": SPLITS,
        "tiles": content.tiles(data, knowledge),
        "account": read_account(inputs.dataset / "account.json"),
        "truth_known": data.truth is not None,
        "whole_quality": {judged: one.whole for judged, one in gathered.quality.items()},
        "kb_facts": content.scalars(read_json(inputs.kb / "statistics.json")),
        "top_triplets": [
            (name, knowledge.top(data.vocabulary, number)) for number, name in enumerate(predicates, 1)
        ],
    }


def _tables(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    params = gathered.params
    built = content.built_rows(params, inputs.evaluate)
    return {
        "tasks": TASKS,
        "of_paper": OF_PAPER,
        "tables": content.table_pairs(gathered.annotation, gathered.truth),
        "others": content.other_metrics(built, params.evaluate.require_overlap),
        "ties": content.tie_spreads(built),
        "ext_check": content.ext_check(params, inputs.evaluate),
    }


def _claims(gathered: Gathered) -> dict[str, Any]:
    claims = gathered.claims
    return {
        "claims": claims,
        "claim_columns": claim_table.columns(claims),
        "claim_caption": claim_table.caption(),
        "verdicts": [claim_table.verdicts(claims, "annotation", metric) for metric in claim_table.METRICS],
        "metric_label": claim_table.metric_label,
    }
