"""What a run is judged against: the annotation of test and of val, and the full truth where there is one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from relclip.core.params.evaluate import Evaluate
from relclip.core.recall import Task
from relclip.evaluate.inputs import GroundTruth, load_groundtruth
from relclip.evaluate.train_triplets import TrainTriplets, triplets_of

ViewName = Literal["annotation", "val", "truth"]


@dataclass(frozen=True)
class View:
    """One way to judge: the stem of its files, the split, its ground truth, the triplets of train."""

    name: ViewName
    split: str
    groundtruth: GroundTruth
    train: TrainTriplets

    @property
    def is_test(self) -> bool:
        """False for the validation split, which is judged to choose and never to report."""
        return self.name != "val"

    def judges(self, task: Task) -> bool:
        """SGDet is predicted on the test split alone, so it has no view of val."""
        return self.is_test or task != "sgdet"


def load_views(dataset: Path, switches: Evaluate, tasks: list[Task], *, truth: bool) -> list[View]:
    """Load each ground truth that some of the tasks is judged against, once."""
    train = triplets_of(load_groundtruth(dataset, "train"))

    def view(name: ViewName, split: str, folder: Path) -> View:
        return View(name, split, load_groundtruth(folder, split), train)

    views = [view("annotation", switches.split, dataset)]
    if any(task != "sgdet" for task in tasks):
        views.append(view("val", "val", dataset))
    if truth:
        views.append(view("truth", switches.split, dataset / "truth"))
    return views
