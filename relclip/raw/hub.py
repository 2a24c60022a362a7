"""A data set on the Hugging Face Hub by its name -> a folder on this disk (HF_ENDPOINT and HF_TOKEN are heeded)."""

import re
from pathlib import Path

from relclip.core.errors import InputError
from relclip.core.params.raw import HUB

#: Where what was fetched is kept; what stopped goes on there.
KEPT = Path("data", "downloads", "hub")
_NAME = re.compile(rf"{re.escape(HUB)}(\w[\w.-]*/\w[\w.-]*?)(?:@(\w[\w./-]*))?")


def local_folder(name: str) -> Path:
    """The folder that `name` says; hf://datasets/OWNER/NAME[@REVISION] is fetched first, or brought up to date.

    Raises InputError where the name is none, or the Hub does not give the data set.
    """
    if not name.startswith(HUB):
        return Path(name)
    found = _NAME.fullmatch(name)
    if not found:
        raise InputError(
            f"'{name}' names no data set of the Hub; write {HUB}OWNER/NAME or {HUB}OWNER/NAME@REVISION"
        )
    from huggingface_hub import snapshot_download  # noqa: PLC0415 (other sources need no Hub)
    from huggingface_hub.errors import HTTPError  # noqa: PLC0415

    place = KEPT / found[1].replace("/", "--")
    try:
        return Path(snapshot_download(found[1], repo_type="dataset", revision=found[2], local_dir=place))
    except (HTTPError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"the Hub does not give '{name}' ({reason}); correct the name, set HF_TOKEN where it is gated, or put its "
            f"files into a folder and name that"
        ) from None
