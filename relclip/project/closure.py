"""What a rule depends on: the files of relclip that its command can import, what those load, entries of params.yaml.

Imports are read off the syntax trees, and nothing is imported: every import statement, inside functions too, and every
string that is the whole name of a module, as `importlib.import_module` takes it; of an f-string all modules that begin
as it does. What stands under `if TYPE_CHECKING` is never imported.
"""

import ast
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from relclip.core.atomic import write_text
from relclip.core.json_file import parse_json

PACKAGE = "relclip"
_MODULE = re.compile(rf"{PACKAGE}(\.\w+)+")
#: Read by type checkers alone; it is empty, and DVC warns of an empty dependency in each stage.
_FOR_TYPES = {"py.typed"}
_BEGINNING = re.compile(rf"{PACKAGE}\.([\w.]+\.)?")


class Closures:
    """The import closures of the package below the folder `root`.

    `cache`: a file that keeps what each source imports by its digest; without one, or where it cannot be written,
    every source is parsed again (half a second).
    """

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self._root = root
        package = [path for path in (root / PACKAGE).rglob("*") if path.is_file()]
        self._files = sorted(
            path.relative_to(root)
            for path in package
            if "__pycache__" not in path.parts and path.name not in _FOR_TYPES
        )
        self._modules = {_name(path): path for path in self._files if path.suffix == ".py"}
        self._text = {path: (root / path).read_bytes() for path in self._modules.values()}
        self._imports = _cached(self._text, cache)

    def of(self, modules: Iterable[str]) -> list[str]:
        """The files that `python -m` each of these modules can load, from the folder `root`, sorted.

        Raises ValueError for a module that is not there.
        """
        found: set[Path] = set()
        waiting = [name for module in modules for name in self._started(module)]
        while waiting:
            path = self._modules[waiting.pop()]
            if path not in found:
                found.add(path)
                waiting += [name for said in self._imports[path] for name in self._loaded(said)]
        data = {path for path, loaders in self._loaders.items() if found & loaders}
        return sorted(map(str, found | data))

    def folded(self, files: Iterable[str]) -> list[str]:
        """The same files with a folder in place of its files where they are all there."""
        left, folders = set(map(Path, files)), []
        for folder in sorted({parent for path in left for parent in path.parents}):
            inside = {path for path in self._files if folder in path.parents}
            if inside and inside <= left and folder.parts:
                folders.append(folder)
                left -= inside
        return sorted(map(str, [*folders, *left]))

    def _started(self, module: str) -> list[str]:
        """The modules that `python -m module` loads first."""
        main = f"{module}.__main__"
        if module not in self._modules:
            raise ValueError(f"there is no module {module} in {self._root / PACKAGE}")
        return self._loaded(main if main in self._modules else module)

    def _loaded(self, name: str) -> list[str]:
        """The modules that an import of `name` loads: packages above it, itself; `name` may end in an attribute."""
        if name.endswith("."):
            return [module for module in self._modules if module.startswith(name)]
        steps = name.split(".")
        above = [".".join(steps[:end]) for end in range(1, len(steps) + 1)]
        return [module for module in above if module in self._modules]

    @cached_property
    def _loaders(self) -> dict[Path, set[Path]]:
        """File that is no source -> the sources beside it that may load it: those that name it, or all if none does."""
        loaders = {}
        for path in (path for path in self._files if path.suffix != ".py"):
            home = next(parent for parent in path.parents if parent / "__init__.py" in self._text)
            entry = re.compile(rf"[\"'/]{re.escape(path.relative_to(home).parts[0])}[\"'/]".encode())
            beside = {source for source in self._text if source.parent == home}
            loaders[path] = {source for source in beside if entry.search(self._text[source])} or beside
        return loaders


def _name(path: Path) -> str:
    steps = path.with_suffix("").parts
    return ".".join(steps[:-1] if steps[-1] == "__init__" else steps)


def _cached(texts: dict[Path, bytes], cache: Path | None) -> dict[Path, list[str]]:
    """What each source imports, parsed where the cache does not know its digest."""
    known: dict[str, list[str]] = {}
    with suppress(OSError, ValueError):
        known = parse_json(cache.read_text("utf-8")) if cache else {}
    digests = {
        path: hashlib.sha256(_name(path).encode() + b"\n" + text).hexdigest() for path, text in texts.items()
    }
    fresh = {
        digest: known.get(digest) or sorted(_imports(path, texts[path])) for path, digest in digests.items()
    }
    if cache and fresh != known:
        with suppress(OSError):
            write_text(cache, json.dumps(fresh))
    return {path: fresh[digest] for path, digest in digests.items()}


def _imports(path: Path, text: bytes) -> set[str]:
    """Names of modules, or of what is in them, that a source names; one that ends in a point is a beginning."""
    package = list(path.parent.parts)
    found: set[str] = {_name(path)}
    for node in _nodes(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            found.add(node.value)
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            found |= {str(node.values[0].value)} if _BEGINNING.fullmatch(str(node.values[0].value)) else set()
    return {name for name in found if name.split(".")[0] == PACKAGE}


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, without what only a type checker reads."""
    yield node
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        children = node.orelse
    for child in children:
        yield from _nodes(child)


#: `train`, `dataset.truth`, `runs.{run}` with a wildcard, or what gives such a name for a job's wildcards.
Name = str | Callable[[Any], str]


class Sections:
    """A parameter of a rule, evaluated for each job: the value of every entry, None where it is absent."""

    def __init__(self, config: Mapping[str, Any], *names: Name) -> None:
        self._config, self._names = config, names

    def __call__(self, wildcards: Any) -> dict[str, Any]:
        """The entries of a job, by name."""
        return {name: entry(self._config, name) for name in self.of(wildcards)}

    def of(self, wildcards: Any) -> list[str]:
        """The names of a job's entries."""
        return [
            name(wildcards) if callable(name) else name.format(**dict(wildcards.items()))
            for name in self._names
        ]


def entry(config: Mapping[str, Any], name: str) -> Any:
    """The entry `name` (`train.rcl`) of params.yaml's content, None where it is absent."""
    found: Any = config
    for key in name.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def present(config: Mapping[str, Any], name: str) -> bool:
    """Whether params.yaml's content has the entry `name`, be it null."""
    before, _, last = name.rpartition(".")
    around = entry(config, before) if before else config
    return isinstance(around, Mapping) and last in around
