"""The values that page.html and its sections are filled with."""

from typing import Any

from relclip.core import explorer
from relclip.core.json_file import read_json
from relclip.core.metrics import metric_label
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN, MAIN_NAMES
from relclip.tables import claims as claim_table
from relclip.tables import content, encoder, explain, paper, provenance, summary
from relclip.tables.account import read_account
from relclip.tables.artifacts import Artifact, artifacts
from relclip.tables.examples import TOP
from relclip.tables.explorer import SENTENCES, explorer_data
from relclip.tables.gather import Gathered, Inputs
from relclip.tables.layout import TASKS
from relclip.tables.names import run_names
from relclip.tables.released import trained_runs
from relclip.tables.sources import SPLITS

#: (anchor, heading, its name in the navigation).
CONTENTS = (
    ("summary", "In short", "In short"),
    ("about", "What this is", "About"),
    ("results", "Tables", "Tables"),
    ("claims", "Claims, the paper's and ours", "Claims"),
    ("beyond", "Beyond the paper", "Beyond"),
    ("examples", "What the model sees", "Examples"),
    ("relations", "Recall by relation", "Relations"),
    ("training", "Training", "Training"),
    ("models", "The trained models", "Models"),
    ("encoder", "What CLIP knows", "CLIP"),
    ("scenes", "Sample pictures", "Pictures"),
    ("dataset", "The data set", "Data set"),
    ("knowledge", "The knowledge base", "Knowledge base"),
    ("provenance", "Protocol and provenance", "Provenance"),
)
#: Outputs of other stages whose digests the page gives: data, knowledge, encoder, detector, claims.
MAIN_OUTPUTS = ("dataset", "kb", "clip", "ext", "detector")


def page_values(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    """Every value but the figures, the models and where they come from.

    Raises ContractError where another stage's file is absent or broken.
    """
    return {
        "contents": CONTENTS,
        **_words(gathered, inputs),
        **_data(gathered, inputs),
        **_tables(gathered, inputs),
        **_claims(gathered),
        "top": TOP,
        "verdicts_of_examples": content.VERDICTS,
        "row_names": run_names(gathered.params),
        "clip_accuracies": encoder.clip_accuracies(inputs.clip),
        "ext_accuracies": encoder.ext_accuracies(inputs.ext),
        "detector_facts": content.detector_facts(inputs.detector),
        "protocol": content.scalars(gathered.params.evaluate.model_dump()),
        "artifacts": _artifacts(gathered.params, inputs),
        "times": provenance.stage_times(inputs.benchmarks),
    }


def _words(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    return {
        "measured_on": gathered.origin.title,
        "orientation": explain.orientation(gathered.origin),
        "how_to_read": explain.how_to_read(gathered.origin, True),
        "how_to_read_beyond": explain.how_to_read(gathered.origin, False),
        "citation": paper.citation(),
        "paper_data": paper.data(),
        "drawn": gathered.origin.drawn,
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
        "whole_quality": [
            (base, judged, one.whole) for base, by in gathered.quality.items() for judged, one in by.items()
        ],
        **_explorer(gathered, inputs),
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
        "of_paper": [table.key for table in gathered.annotation if table.against_paper],
        "tables": content.table_pairs(gathered.annotation, gathered.truth),
        "others": content.other_metrics(built, params.evaluate.require_overlap),
        "ties": content.tie_spreads(built),
        "ext_check": content.ext_check(params, inputs.evaluate),
    }


def _explorer(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    corpus = inputs.raw / "captions.tsv"
    data = explorer_data(
        gathered.knowledge, gathered.data.vocabulary, inputs.kb, corpus if corpus.is_file() else None
    )
    return {
        "explorer": data,
        "triplets_in_all": len(gathered.knowledge.triplets["count"]),
        "explorer_data": explorer.embedded(data),
        "explorer_script": explorer.script(),
        "explorer_digest": explorer.digest(),
        "explorer_sentences": SENTENCES,
    }


def _artifacts(params: Params, inputs: Inputs) -> list[Artifact]:
    """The main outputs, then the models of table 1."""
    folders = [folder for name in MAIN_OUTPUTS if (folder := getattr(inputs, name))]
    models = [inputs.train / run for run in trained_runs(params)]
    return artifacts(inputs.params.resolve().parent, [*folders, *models])


def _claims(gathered: Gathered) -> dict[str, Any]:
    claims = gathered.claims
    return {
        "claims": claims,
        "rcl": summary.whether_rcl_helped(claims, gathered.params.report.figures),
        "leaders": summary.leaders(gathered.annotation, claims),
        "claim_groups": summary.groups(claims),
        "claim_columns": claim_table.columns(claims),
        "claim_caption": claim_table.caption(),
        "verdicts": [claim_table.verdicts(claims, "annotation", metric) for metric in MAIN_NAMES],
        "metric_label": metric_label,
        "recall": MAIN[0].label(),
    }
