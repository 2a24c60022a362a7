"""No call in relclip or benchmarks lets a file from outside run code: read off the source, so that none slips in."""

import ast
import importlib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "relclip").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
#: Modules that unpickle.
PICKLES = {
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
}
#: Calls that run text, or read pickles under another name.
RUN = {
    "eval",
    "exec",
    "__import__",
    "os.system",
    "os.popen",
    "torch.hub.load",
    "KeyedVectors.load",
    "Word2Vec.load",
    "pandas.read_pickle",
    "pd.read_pickle",
}


def dotted(node):
    """`a.b.c` of an expression; '' where it is no such name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def imported(node):
    """Modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def loader_is_safe(call, path):
    """Whether `yaml.load(text, Loader)` names a safe loader, also one that the module derives."""
    given = (
        call.args[1] if len(call.args) > 1 else {word.arg: word.value for word in call.keywords}.get("Loader")
    )
    if given is None or path is None:
        return False
    holder = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    loader = getattr(holder, dotted(given), None) or getattr(yaml, dotted(given).rpartition(".")[2], None)
    safe = tuple(getattr(yaml, name) for name in ("SafeLoader", "CSafeLoader") if hasattr(yaml, name))
    return isinstance(loader, type) and issubclass(loader, safe)


def wrong_call(call, path):
    """What is wrong with a call; '' for nothing."""
    name, options = dotted(call.func), {word.arg: word.value for word in call.keywords}

    def given(option):
        return options[option].value if isinstance(options.get(option), ast.Constant) else options.get(option)

    rules = {
        "runs text or a pickle": name in RUN or name.removeprefix("builtins.") in RUN,
        "torch.load without weights_only=True": name == "torch.load" and given("weights_only") is not True,
        "load_checkpoint without weights_only=True": name.endswith("load_checkpoint")
        and given("weights_only") is not True,
        "allow_pickle": given("allow_pickle") not in (None, False),
        "a shell": given("shell") not in (None, False),
        "code from the network": given("trust_remote_code") not in (None, False),
        "certificates are not looked at": given("verify") is False,
        "an unsafe loader": name in {"yaml.load", "yaml.load_all"} and not loader_is_safe(call, path),
        "JSON read beside core/json_file": name in {"json.load", "json.loads"}
        and path is not None
        and path.relative_to(ROOT).parts[0] == "relclip"
        and path.name != "json_file.py",
        "an unsafe loader by name": name in {"yaml.unsafe_load", "yaml.full_load"},
    }
    return ", ".join(reason for reason, met in rules.items() if met)


def found(text, path=None):
    """Line and reason of each unsafe place in a source text."""
    places = []
    for node in ast.walk(ast.parse(text)):
        places += [(node.lineno, module) for module in imported(node) if module.split(".")[0] in PICKLES]
        if isinstance(node, ast.Call) and (reason := wrong_call(node, path)):
            places.append((node.lineno, reason))
    return places


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "exec(text)",
        "os.system(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=trusted)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, None, allow_pickle=given)",
        "yaml.load(text)",
        "yaml.unsafe_load(text)",
        "subprocess.run(line, shell=True)",
        "KeyedVectors.load(path)",
        "requests.get(url, verify=False)",
    ],
)
def test_an_unsafe_call_would_be_found(text):
    assert found(text)


def test_there_is_none():
    assert len(FILES) > 100
    places = {str(path.relative_to(ROOT)): found(path.read_text("utf-8"), path) for path in FILES}
    assert not {path: reasons for path, reasons in places.items() if reasons}
