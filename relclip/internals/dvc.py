"""DVC does what it does for each stage once for all of them: four of its internals, as they are in the version KNOWN.

With dozens of stages that share most of their sources `dvc commit` parses params.yaml and git's index anew for each
stage, hashes each source for each stage that lists it, and writes its run cache through a YAML library in Python.
Here each is read once, and the run cache is written as JSON, which is YAML. What DVC writes is otherwise the same.
"""

import copy
import functools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from relclip.internals import looked_into

KNOWN = "3.67"


@contextmanager
def read_once(version: str) -> Iterator[bool]:
    """Inside, the files of the project must not change: they are read once. Yields whether it is so.

    A DVC of another version than the known ones is left as it is, which is said.
    """
    if not looked_into("DVC", version, KNOWN, "it reads all again for every stage"):
        yield False
        return
    from dvc.dependency import param  # noqa: PLC0415
    from dvc.output import Output  # noqa: PLC0415
    from scmrepo.git.backend.dulwich import DulwichBackend  # noqa: PLC0415

    with ExitStack() as changes:
        for place, name, changed in (
            (param, "load_path", _copies(functools.cache(param.load_path))),
            (Output, "_build", _built_once(Output._build)),
            (DulwichBackend, "is_tracked", _is_tracked(functools.cache(_tracked))),
        ):
            changes.enter_context(patch.object(place, name, changed))
        changes.enter_context(patch("dvc.utils.serialize.dump_yaml", _as_json))
        yield True


def _copies(load: Callable[..., Any]) -> Callable[..., Any]:
    """What `load` gives, anew each time: YAML would write an alias where two stages share an object."""
    return lambda *args, **kwargs: copy.deepcopy(load(*args, **kwargs))


def _built_once(build: Callable[..., Any]) -> Callable[..., Any]:
    """`build` of a dependency, which only computes digests, once for each path."""
    known: dict[str, Any] = {}

    def built(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not (self.IS_DEPENDENCY and kwargs.get("dry_run")):
            return build(self, *args, **kwargs)
        if self.fs_path not in known:
            known[self.fs_path] = build(self, *args, **kwargs)
        return known[self.fs_path]

    return built


def _tracked(repo: Any) -> frozenset[bytes]:
    """All paths of git's index, and the folders above them."""
    return frozenset(
        b"/".join(steps[:end])
        for steps in (path.split(b"/") for path in repo.repo.open_index())
        for end in range(1, len(steps) + 1)
    )


def _is_tracked(tracked: Callable[[Any], frozenset[bytes]]) -> Callable[[Any, str], bool]:
    def is_tracked(self: Any, path: str) -> bool:
        from scmrepo.utils import relpath  # noqa: PLC0415

        return relpath(path, self.root_dir).encode() in tracked(self)

    return is_tracked


def _as_json(path: str, data: Any, fs: Any = None, **_: Any) -> None:
    with (fs.open if fs else open)(path, "w", encoding="utf-8") as file:
        json.dump(data, file)
