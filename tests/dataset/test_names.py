"""Object names: articles, plurals, aliases, last words; classes that are plurals themselves stay what they are."""

import pytest

from relclip.core.errors import InputError
from relclip.core.forms import load_aliases
from relclip.core.vocabulary import load_names
from relclip.dataset.names import ObjectNames
from relclip.kb.objects import Objects

CLASSES = load_names("vg150")


def found(name, match="plural", aliases=None):
    number = ObjectNames(CLASSES, aliases or {}, match).find(name)
    return CLASSES[number - 1] if number else None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("men", "men"),
        ("man", "man"),
        ("people", "people"),
        ("trees", "tree"),
        ("  The  Trees. ", "tree"),
        ("buses", "bus"),
        ("busses", "bus"),
        ("bus", "bus"),
        ("leaves", "leaf"),
        ("shelves", "shelf"),
        ("waves", "wave"),
        ("gloves", "glove"),
        ("glasses", "glass"),
        ("women", "woman"),
        ("children", "child"),
        ("benches", "bench"),
        ("ladies", "lady"),
        ("ties", "tie"),
        ("skis", "ski"),
        ("jeans", "jean"),
        ("a", None),
        ("", None),
        ("s", None),
        ("tree trunk", None),
        ("cell phone", None),
        ("grass", None),
    ],
)
def test_plurals(name, expected):
    assert found(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cell phones", "phone"),
        ("tree trunk", "trunk"),
        ("leg of table", None),
        ("hot dogs", None),
        ("teddy bear", None),
        ("sports ball", None),
    ],
)
def test_last_word(name, expected):
    assert found(name, "last_word") == expected


def test_exact_takes_aliases_alone(tmp_path):
    path = tmp_path / "alias.txt"
    path.write_text("tree,trees , Big  Trees\nsofa,couches\n")
    aliases = load_aliases(str(path))
    assert [found(name, "exact", aliases) for name in ("trees", "big trees", "couches", "cats")] == [
        "tree",
        "tree",
        None,
        None,
    ]
    assert found("couches", "plural", aliases) is None


def test_a_class_written_in_the_plural_is_met_in_the_singular():
    names = ObjectNames(("pants", "Traffic Light"), {}, "plural")
    assert [names.find(name) for name in ("pant", "pants", "traffic lights", "traffic_light")] == [1, 1, 2, 2]


def test_classes_that_differ_in_case_are_refused():
    with pytest.raises(InputError, match="Tree"):
        ObjectNames(("tree", "Tree"), {}, "plural")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\nb,c\nc,a\n", "'.*/alias.txt' b means a means c means b; leave one"),
        ("person;people\n", "has no alias; a line is a name and, after commas, "),
        ("person\tpeople", "has no alias"),
    ],
)
def test_an_alias_file_that_says_nothing_or_turns_round_is_one_sentence(tmp_path, text, words):
    (tmp_path / "alias.txt").write_text(text)
    with pytest.raises(InputError, match=words):
        load_aliases(tmp_path / "alias.txt")
    (tmp_path / "alias.txt").write_text("\na,a,b\nb\n")
    assert load_aliases(tmp_path / "alias.txt") == {"a": "a", "b": "a"}
    (tmp_path / "alias.txt").write_text("\n")
    assert load_aliases(tmp_path / "alias.txt") == {}


def test_a_missing_alias_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="alias"):
        load_aliases(str(tmp_path / "none.txt"))


@pytest.mark.parametrize("name", ["hot-dog", "hot-dogs", "a hot dog", "surf-board", "surf-boards", "T-shirt"])
def test_a_name_with_a_hyphen_is_met_by_dataset_and_kb_alike(name):
    classes = ("hot dog", "surfboard", "t-shirt")
    number = ObjectNames(classes, {}, "plural").find(name)
    assert number == Objects(classes).find(name.lower()) == {"h": 1, "s": 2, "T": 3}.get(name[0], 1)
    assert ObjectNames(classes, {}, "exact").find("surf-board") is None
