"""The vocabulary that captions are mined for."""

import pytest

from relclip.core.vocabulary import Vocabulary, load_names


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "vocabulary.json"
    Vocabulary(load_names("vg150"), load_names("vg20")).save(path)
    return path
