"""Faults on real processes. `--all-faults`: every command of the smoke preset, a tracking server, two pipelines."""

import pytest
from small_pipeline import SmallPipeline


def pytest_addoption(parser):
    """`pytest tests/faults --all-faults` is the whole sweep; without it a sharp part of it runs."""
    parser.addoption("--all-faults", action="store_true", help="the whole sweep of faults: some 20 minutes")
    parser.addoption("--house", help="a folder where the smoke preset is built already, for --all-faults")


def pytest_collection_modifyitems(config, items):
    """Skip what belongs to the whole sweep alone."""
    if config.getoption("--all-faults", default=False):
        return
    for item in items:
        if item.get_closest_marker("sweep"):
            item.add_marker(
                pytest.mark.skip(reason="of the whole sweep: pytest -n 0 tests/faults --all-faults")
            )


@pytest.fixture(scope="session")
def small(tmp_path_factory, request) -> SmallPipeline:
    """Commands of some stages on data of seconds."""
    return SmallPipeline(tmp_path_factory.mktemp("small"), lambda: request.getfixturevalue("tiny"))
