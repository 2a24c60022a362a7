"""MLflow's store, prepared once: that takes seconds."""

import pytest


@pytest.fixture(scope="session")
def prepared_store(tmp_path_factory):
    """A folder with an empty store of our experiment in mlflow.db; to write elsewhere, copy the file."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.chdir(folder)
        from relclip.tracking.runs import prepare_store

        prepare_store()
    return folder
