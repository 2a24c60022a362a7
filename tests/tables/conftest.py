"""The made-up inputs, written once."""

import pytest
from made_inputs import write_inputs

from relclip.tables.gather import Inputs


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """All inputs of the stage; never written to by a test."""
    return write_inputs(tmp_path_factory.mktemp("inputs"))
