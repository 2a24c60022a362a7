"""`make models`: of each table row the run that is best on validation goes to MLflow's model registry, as a pyfunc.

A step of its own: one model takes seconds (MLflow copies its files and this package), and no table needs it.
"""

import hashlib
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relclip.core import command
from relclip.core.errors import InputError, how_to_make_results
from relclip.core.params.whole import Params, load_workflow
from relclip.core.trained import WEIGHTS
from relclip.photo.about import recall_of

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_PACKAGE = Path(__file__).parents[1]


def main() -> None:
    """Parse the command line and register."""
    parser = command.parser(
        "relclip.photo.register",
        "Register, for each table row, the run that is best on validation in MLflow, as a pyfunc that answers photos.",
    )
    command.add_params(parser)
    command.add_data(parser)
    options = parser.parse_args()
    rows = best_runs(load_workflow(options.params), options.data)
    if not rows:
        raise InputError(f"{options.data} holds no judged run of a table row; {how_to_make_results()}")
    for run in dict.fromkeys(rows.values()):
        for uri in register_run(
            options.data, options.params, run, [name for name, best in rows.items() if best == run]
        ):
            print(f"{run}: {uri}", flush=True)


def best_runs(params: Params, data: Path) -> dict[str, str]:
    """Table row, as a name in the registry -> its run with the best PredCls R@50 on validation; the first of equals.

    Rows without training, and those of which no run was judged, have none.
    """
    found = {}
    for section, block in params.report.blocks(*params.report.tables).items():
        for row in block.rows:
            judged = {
                run: recall_of(data / "evaluate" / run / "predcls" / "val.json")
                for run in row.runs
                if run not in params.predict.training_free
            }
            known = {run: value for run, value in judged.items() if value is not None}
            if known:
                found[_name(section, f"{row.group} {row.name}".strip())] = max(
                    known, key=lambda run: known[run]
                )
    return found


def register_run(data: Path, params: Path, run: str, names: list[str]) -> list[str]:
    """Export `run` and register it under `names`; returns the URIs of what is new."""
    from relclip.core.digest import file_digest  # noqa: PLC0415
    from relclip.photo.model_folder import DESCRIPTION, write_export  # noqa: PLC0415  # torch
    from relclip.photo.source import pipeline_source  # noqa: PLC0415
    from relclip.tracking.registry import PyfuncModel, register  # noqa: PLC0415

    source = pipeline_source(data, run, params)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        write_export(source, folder)
        files = [folder / DESCRIPTION, folder / "relation" / WEIGHTS]
        digest = hashlib.sha256("".join(map(file_digest, files)).encode()).hexdigest()
        code = _PACKAGE / "photo" / "pyfunc.py"
        model = PyfuncModel(
            code=code,
            package=_PACKAGE,
            folder=folder,
            signature=signature(),
            example=example(),
            digest=digest,
        )
        of = {"run": run, "model_sha256": file_digest(source.inputs.model / WEIGHTS)}
        return register(model, of, names)


def signature() -> "ModelSignature":
    """A photo's bytes in; lists of objects and of relations out (relclip/photo/graph.py)."""
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415
    from mlflow.types.schema import Array, Object, Property  # noqa: PLC0415

    def rows(name: str, **fields: DataType) -> ColSpec:
        return ColSpec(Array(Object([Property(key, kind) for key, kind in fields.items()])), name)

    number, text, whole = DataType.double, DataType.string, DataType.long
    objects = rows("objects", label=text, score=number, x1=number, y1=number, x2=number, y2=number)
    ends = {"subject": whole, "predicate": text, "object": whole}
    relations = rows("relations", **ends, score=number, predicate_score=number)
    return ModelSignature(Schema([ColSpec(DataType.binary, "photo")]), Schema([objects, relations]))


def example() -> Any:
    """A row of the input: a small grey picture."""
    import pandas as pd  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    file = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(file, "PNG")
    return pd.DataFrame({"photo": [file.getvalue()]})


def _name(section: str, row: str) -> str:
    """A name that a URI can hold: `table1_distant-RelCLIP-KB-EXT`."""
    return f"{section}-{re.sub(r'[^A-Za-z0-9._]+', '-', row).strip('-')}"


if __name__ == "__main__":
    command.run(main)
