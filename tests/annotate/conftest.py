"""The tiny case, written once."""

import pytest
from annotate_case import write_case


@pytest.fixture(scope="session")
def case(tmp_path_factory):
    """Data set, pictures and two runs that `evaluate` judged; never written to by a test."""
    return write_case(tmp_path_factory.mktemp("annotate"))
