"""pyarrow of the known version does without pandas; another version is left alone. To data frames: tests/train."""

import subprocess
import sys

import pyarrow
import pytest

from relclip.internals import looked_into, pyarrow_pandas
from relclip.internals.pyarrow_pandas import KNOWN, PATCH, spare_pandas


def test_the_known_version_looks_at_its_first_array_and_need_not_find_it():
    assert looked_into("pyarrow", pyarrow.__version__, KNOWN, "", PATCH), (
        "see whether pyarrow still imports pandas, then name the version"
    )
    look = "import sys, pyarrow; pyarrow.array([0]); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n", "nothing is gained any more"


def test_without_pandas_nothing_is_said(monkeypatch, capsys):
    monkeypatch.setattr(pyarrow_pandas, "find_spec", lambda name: None)
    assert not spare_pandas("26.0.0")
    assert not capsys.readouterr().err


@pytest.mark.parametrize("other", ["26.0.0", "24.0.1", "25.0.0.dev1"])
def test_another_version_finds_pandas_by_itself_and_is_named(monkeypatch, capsys, other):
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    assert not spare_pandas(other)
    assert "pandas" not in sys.modules
    assert other in capsys.readouterr().err
