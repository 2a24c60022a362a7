"""The trained run that a refinement starts from, and whether it is one that fits."""

from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError

from relclip.core.errors import ContractError
from relclip.core.params.train import Refined, Train
from relclip.core.vocabulary import Vocabulary
from relclip.model import Model, check_channels, check_vocabulary, load_model, read_about


@dataclass(frozen=True, eq=False)
class Start:
    """A trained network and the parameters it was trained with."""

    model: Model
    params: Train


def load_start(
    run: str, folder: Path, params: Refined, *, vocabulary: Vocabulary, channels: int, device: torch.device
) -> Start:
    """Read what `run` starts from: in `folder` must be `params.start`, of this vocabulary and maps of `channels`.

    Raises ContractError, or ParamsError where the method cannot start from such a run.
    """
    model = load_model(folder, device)
    about = read_about(folder)
    if about.get("run") != params.start:
        raise ContractError(
            f"{folder} holds the run '{about.get('run')}', but the entry starts from '{params.start}'; give the folder "
            f"of '{params.start}' as --start"
        )
    check_vocabulary(folder, model, vocabulary)
    check_channels(folder, model, channels)
    try:
        trained = Train.model_validate(about.get("train"))
    except ValidationError as error:
        reason = " ".join(str(error).split())[:200]
        raise ContractError(
            f"{folder / 'config.json'} does not say how '{params.start}' was trained ({reason}); train it again"
        ) from None
    params.check_start(run, trained)
    return Start(model, trained)
