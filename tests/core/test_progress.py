"""Progress in a log: one line, in words, in the singular and in the plural."""

from relclip.core import progress


def test_a_log_line_counts_in_words(capsys, monkeypatch):
    for number in (1, 3):
        assert list(progress.progress(range(number), "predict", "batch")) == list(range(number))
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1)
    assert list(progress.progress([0], "predict", "batch", total=2)) == [0]
    first, second, running, _ = capsys.readouterr().err.splitlines()
    assert first.startswith("predict: 1 batch done in") and second.startswith("predict: 3 batches done in")
    assert running.startswith("predict: 1/2, ") and running.endswith(" batches/s)")


def test_a_bar_parts_number_and_unit(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(progress.progress(iter(range(3)), "predict", "batch")) == [0, 1, 2]
    assert "predict: 3 batch [" in capsys.readouterr().err
