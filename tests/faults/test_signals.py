"""Ctrl-C, SIGTERM and closed pipes in the middle of a stage: one sentence, nothing half-written, the same end after."""

import signal

import pytest
from kills import assert_recovers
from processes import assert_one_sentence


@pytest.mark.parametrize(
    ("name", "number", "status"),
    [
        ("kb", signal.SIGINT, 130),
        ("raw", signal.SIGTERM, 143),
        pytest.param("train", signal.SIGTERM, 143, marks=pytest.mark.sweep),
    ],
)
def test_a_signal_is_one_sentence(small, tmp_path, name, number, status):
    whole = small.undisturbed(name)
    out = tmp_path / "out"
    met, text, _ = whole.command.run(out, f"signal={number.value}")
    assert met == status, text[-2000:]
    assert_one_sentence(text)
    assert not list(out.rglob(".*.partial"))
    assert_recovers(whole, out)
