"""The values that page.html and its sections are filled with."""

from pathlib import Path
from typing import Any

import numpy as np

from relclip.core.json_file import read_object
from relclip.core.metrics import metric_label
from relclip.core.page import explorer_script
from relclip.core.params.whole import Params
from relclip.core.parquet import TRIPLET, TRIPLETS
from relclip.core.recall import MAIN, MAIN_NAMES
from relclip.core.sentences import explorer_data, sentences_of
from relclip.core.vocabulary import Vocabulary
from relclip.tables import claims as claim_table
from relclip.tables import content, explain, paper, provenance, summary
from relclip.tables.examples import TOP
from relclip.tables.figures.quality import SPLIT_NAMES
from relclip.tables.gather import Gathered, Inputs
from relclip.tables.layout import TASKS, run_names
from relclip.tables.provenance import Artifact, artifacts
from relclip.tables.results import trained_runs
from relclip.tables.sources import KnowledgeBase, read_account

SENTENCES = 3
#: The most frequent come first, so that the page stays small whatever the corpus: about 3 MB at worst.
MOST_TRIPLETS = 20_000
MOST_SENTENCES = 8_000
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
    ("scenes", "Sample images", "Images"),
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
        **_words(gathered, inputs),
        **_data(gathered, inputs),
        **_tables(gathered, inputs),
        **_claims(gathered),
        "top": TOP,
        "row_names": run_names(gathered.params),
        "clip_accuracies": content.accuracies(inputs.clip, content.CLIP_QUESTIONS),
        "ext_accuracies": content.accuracies(inputs.ext, content.EXT_QUESTIONS),
        "detector_facts": content.detector_facts(inputs.detector),
        "protocol": content.protocol(gathered.params.evaluate),
        "artifacts": _artifacts(gathered.params, inputs),
        "times": provenance.stage_times(inputs.benchmarks),
    }


def _words(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    return {
        "measured_on": gathered.origin.title,
        "orientation": explain.orientation(gathered.origin),
        "how_to_read": explain.how_to_read(gathered.origin, "paper"),
        "how_to_read_beyond": explain.how_to_read(gathered.origin, ""),
        "citation": paper.citation(),
        "paper_data": paper.data(),
        "drawn": gathered.origin.drawn,
        "banner": explain.UNTRAINED if content.untrained(inputs.clip) else "",
    }


def _data(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    data = gathered.data
    return {
        "classes": len(np.unique(data.annotation.class_id)),
        "predicates": data.vocabulary.predicates,
        "splits": SPLIT_NAMES,
        "tiles": content.tiles(data, gathered.knowledge),
        "account": read_account(inputs.dataset / "account.json"),
        "truth_known": data.truth is not None,
        **_knowledge(gathered, inputs),
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


def _knowledge(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    """The section on the knowledge base, which is not there where no captions came in."""
    knowledge, vocabulary, corpus = gathered.knowledge, gathered.data.vocabulary, inputs.raw / "captions.tsv"
    if knowledge is None or inputs.kb is None:
        return {"contents": [one for one in CONTENTS if one[0] != "knowledge"]}
    data = kb_explorer(knowledge, vocabulary, inputs.kb, corpus if corpus.is_file() else None)
    return {
        "contents": CONTENTS,
        "whole_quality": [
            (base, judged, one.whole) for base, by in gathered.quality.items() for judged, one in by.items()
        ],
        "mining": read_object(inputs.kb / "statistics.json"),
        "top_triplets": [
            (name, knowledge.top(vocabulary, number)) for number, name in enumerate(vocabulary.predicates, 1)
        ],
        "explorer": data,
        "triplets_in_all": len(knowledge.triplets["count"]),
        "data": data,
        "script": explorer_script(),
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
        "about": gathered.params.report.about,
        "leaders": summary.leaders(gathered.annotation, claims),
        "claim_groups": summary.groups(claims),
        "claim_columns": claim_table.columns(claims),
        "claim_caption": claim_table.caption(),
        "verdicts": [claim_table.verdicts(claims, metric) for metric in MAIN_NAMES],
        "metric_label": metric_label,
        "recall": MAIN[0].label(),
    }


def kb_explorer(
    knowledge: KnowledgeBase, vocabulary: Vocabulary, kb: Path, corpus: Path | None
) -> dict[str, Any]:
    """Return the data of the explorer of `relclip.core.page`; without a corpus the triplets have no sentences.

    At most SENTENCES a triplet, the first by caption id; the most frequent triplets get theirs first. Raises
    ContractError or InputError where a file is absent or broken.
    """
    triplets = knowledge.triplets
    order = np.lexsort([*(triplets[name] for name in reversed(TRIPLET.names)), -triplets["count"]])[
        :MOST_TRIPLETS
    ]
    rows = np.stack([triplets[name][order] for name in TRIPLETS.names], axis=1).tolist()
    bounds = [tuple(row[:3]) for row in rows], SENTENCES, MOST_SENTENCES
    said = sentences_of(kb / "evidence.parquet", [corpus], *bounds) if corpus else ({}, {})
    return explorer_data(vocabulary, rows, *said)
