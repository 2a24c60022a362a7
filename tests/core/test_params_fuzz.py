"""A spoilt params.yaml, or spoilt tables: each fits all the same, or is one sentence."""

from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mutated import SMALL, documents, ends_well

from relclip.core.params.tables import read_report
from relclip.core.params.trainings import further
from relclip.core.params.whole import check_params
from relclip.project.checks import check_classes, check_encoder, check_files

ROOT = Path(__file__).resolve().parents[2]
CONTENT = yaml.safe_load((ROOT / "params.yaml").read_text())
REPORT = read_report(ROOT / "params.yaml", CONTENT)
#: Of each name that users give, one entry: where all are as good, few draws should meet what can go wrong.
FEW = {key: dict([*CONTENT[key].items()][:2]) for key in ("runs", "refined", "predictions")}


@settings(parent=SMALL, max_examples=150)
@given(data=st.data())
def test_spoilt_params_are_read_or_named(data):
    drawn = data.draw(documents(CONTENT) | documents(FEW).map(lambda few: {**CONTENT, **few}))

    def act():
        further(drawn)
        params = check_params({**drawn, "report": REPORT})
        for check in (check_encoder, check_files, check_classes):
            check(params)

    ends_well(act)


@settings(parent=SMALL, max_examples=150)
@given(drawn=documents(REPORT))
def test_spoilt_tables_are_read_or_named(drawn):
    ends_well(lambda: check_params({**CONTENT, "report": drawn}))
