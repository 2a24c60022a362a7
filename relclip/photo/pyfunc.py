"""A model folder behind MLflow's pyfunc: a table of photos in, a table of scene graphs out.

MLflow keeps this file as the model's code (models from code) beside the folder, so that nothing is pickled.
"""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from relclip.core.errors import RelclipError
from relclip.photo import SceneGraphs


class ServedSceneGraphs(PythonModel):
    """Column `photo`: the bytes of a picture file. Columns `objects`, `relations`: lists of what graph.json holds."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the folder that was logged with the model."""
        self.graphs = SceneGraphs.load(context.artifacts["model"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One scene graph a row. Raises MlflowException, which a server answers with, where a photo is no picture."""
        graphs = [self._graph(photo) for photo in model_input["photo"]]
        return pd.DataFrame(
            {name: [list(graph[name]) for graph in graphs] for name in ("objects", "relations")}
        )

    def _graph(self, photo: bytes) -> dict[str, Any]:
        # pictures from outside are read in one place, from files
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "photo"
            path.write_bytes(photo)
            try:
                return self.graphs(path).to_dict()
            except RelclipError as error:  # of another error the server shows the stack
                raise MlflowException.invalid_parameter_value(
                    str(error).replace(str(path), "a photo")
                ) from None


set_model(ServedSceneGraphs())
