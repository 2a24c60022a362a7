"""Each case is a sentence and all that it states in the vocabulary of VG-150 and VG-20."""

import random
import time

import pytest

from relclip.core.errors import InputError
from relclip.core.forms import load_aliases
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import Language, Miner, mine_caption
from relclip.kb.plain import plain

VOCABULARY = Vocabulary(load_names("vg150"), load_names("vg20"))
MINER = Miner(VOCABULARY)


def states(caption):
    return {
        f"{VOCABULARY.objects[s - 1]} {VOCABULARY.predicates[p - 1]} {VOCABULARY.objects[o - 1]}"
        for s, p, o in MINER.triplets(caption)
    }


CASES = {
    "object first, a place at the end": ("a kite the white cat is carrying in summer", "cat carrying kite"),
    "object first, a preposition of the verb's own": (
        "a bike that a man in a hat is riding on a sunny day",
        "man riding bike",
    ),
    "object first, of a participle": ("the car a red leaf is covering in the city", "leaf covering car"),
    "attachment: clothes do not ride": ("a man in a red shirt riding a horse", "man riding horse"),
    "attachment: what is worn does not lie": ("a woman wearing a hat lying on a bed", "woman lying on bed"),
    "attachment: what is held does not sit": (
        "a man holding a laptop sitting on a chair",
        "man sitting on chair",
    ),
    "nearest that can": ("a table next to a dog eating an orange", "dog eating orange"),
    "finite verb: the head of the clause": (
        "the bird on the tree is sitting on a branch",
        "bird sitting on branch",
    ),
    "passive by": ("a board carried by a man", "man carrying board"),
    "passive with auxiliary": ("the horse is being ridden by a girl", "girl riding horse"),
    "covered with": ("a hill covered with snow and trees", "hill covered in snow; hill covered in tree"),
    "covered, compound": ("two snow-covered mountains behind a house", "mountain covered in snow"),
    "covered, predicate": ("the mountain is snow covered", "mountain covered in snow"),
    "covering": ("snow covers the roof", "snow covering roof"),
    "relative without pronoun": ("the chair the woman is sitting on", "woman sitting on chair"),
    "relative object": ("a horse that the man is riding", "man riding horse"),
    "relative subject": ("a man who is carrying an umbrella", "man carrying umbrella"),
    "plural": ("buses parked on streets", "bus parked on street"),
    "coordinated subjects": (
        "a man and a woman walking on the beach",
        "man walking on beach; woman walking on beach",
    ),
    "coordinated verbs": (
        "a boy sitting on a bench and eating pizza",
        "boy sitting on bench; boy eating pizza",
    ),
    "two clauses": ("a man riding a horse and a girl riding a bike", "man riding horse; girl riding bike"),
    "compound head": ("a bird standing on a street light", "bird standing on light"),
    "compound of two words": ("a person walking on the side walk", "person walking on sidewalk"),
    "compound hides a class": ("a man carrying a food container", ""),
    "longer preposition": ("a plane flying in front of a building", ""),
    "other preposition": ("a dog playing with a phone", ""),
    "on the back of": ("a man sitting on the back of a truck", ""),
    "measure": ("a group of people sitting on a pile of rocks", "people sitting on rock"),
    "irregular past": ("the boy rode a bike", "boy riding bike"),
    "third person": ("a cat sits on a chair", "cat sitting on chair"),
    "on top of": ("a cat sat on top of a car", "cat sitting on car"),
    "synonym": ("a girl rides a bicycle", "girl riding bike"),
    "pronoun object": ("a bench with a man sitting on it", "man sitting on bench"),
    "participle as adjective": ("a parked car on the street", ""),
    "infinitive": ("the boy is about to eat the pizza", "boy eating pizza"),
    "filled with": ("a plate topped with food sitting on a table", "plate sitting on table"),
    "clause after clause": (
        "a plane is parked on a street and a bird is flying in a room",
        "plane parked on street; bird flying in room",
    ),
    "bare relative": ("wood table plates are sitting on", "plate sitting on table"),
    "colour before a noun": ("an orange motorcycle is parked on a happy road", ""),
    "colour, nothing after it": ("an orange motorcycle is parked on", ""),
    "a building that nobody is building": ("a building a horse is painted on", "horse painted on building"),
    "clause after clause, of things": (
        "a laptop sitting on a desk and a cup standing on the shelf",
        "laptop sitting on desk; cup standing on shelf",
    ),
    "what is held is no clause": (
        "a desk has a laptop and a cup sitting on it",
        "laptop sitting on desk; cup sitting on desk",
    ),
    "passive in a second clause": ("a woman looks at a dog being watched by a man", "man watching dog"),
    "not here but there": ("a cat isn't lying on a bed but on a pillow", "cat lying on pillow"),
    "clause after clause, its object first": (
        "a child lies on a beach and the banana a child is carrying",
        "child lying on beach; child carrying banana",
    ),
    "two things, then an adverb": (
        "people riding motorcycles and bikes down a street",
        "people riding motorcycle; people riding bike",
    ),
    "it, for what came before": ("a pizza with fruit on it sitting on a table", "pizza sitting on table"),
    "riding on": ("a boy riding on a horse", "boy riding horse"),
    "riding on a place": ("a boy riding on a street", ""),
    "down the street": ("a motorcycle riding down the street", ""),
    "walking in clothes": ("a woman walking in a black coat", ""),
    "hot dog": ("a man eating a hot dog", ""),
    "agent, then a new clause": (
        "a board carried by a man and the lady is sitting on a chair",
        "man carrying board; lady sitting on chair",
    ),
    "two participles, one preposition": ("a hill covered and sitting in snow", "hill covered in snow"),
    "two sentences": ("A man. Riding a horse.", ""),
    "punctuation and capitals": ('A Man (in a hat), riding a "horse"!', "man riding horse"),
    "misspelled verb": ("a man carring a surf board", "man carrying surfboard"),
    "adjective of the object": ("a girl standing on a large wooden bench", "girl standing on bench"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_states(name):
    caption, expected = CASES[name]
    assert states(caption) == set(filter(None, expected.split("; ")))


def test_never_fails_on_any_words():
    """Any words give triplets of the vocabulary, the same whether the caption comes alone or among others."""
    text = "a man , and it of riding covered in on by that is to snow horse . the 's ' - ( sat \x00 é he his not no"
    chance = random.Random(0)
    captions = [" ".join(chance.choices(text.split(), k=chance.randrange(30))) for _ in range(6000)]
    alone = [MINER.triplets(caption) for caption in captions]
    assert Miner(VOCABULARY).triplets_of_lines(list(map(plain, captions))) == alone
    assert sum(map(bool, alone)) > 200


def test_long_captions_take_linear_time():
    begin = time.perf_counter()
    MINER.triplets("a man of a man and " * 200_000 + "riding")
    assert time.perf_counter() - begin < 5


def test_pronouns_stand_for_whom_they_follow():
    assert states("a lady smiles while she is riding a horse") == {"lady riding horse"}
    assert states("he is riding a horse") == {"man riding horse"}


def test_only_the_given_vocabulary():
    vocabulary = Vocabulary(("fire hydrant", "snow", "dog"), ("covered in",))
    assert mine_caption("two fire hydrants covered in snow", vocabulary) == [
        ("fire hydrant", "covered in", "snow")
    ]
    assert mine_caption("a dog sitting on snow", vocabulary) == []


def test_aliases_are_used_where_the_class_exists(tmp_path):
    path = tmp_path / "object_alias.txt"
    path.write_text("dog,dogs,hound\ncanoe,kayak\n\n,\n")
    language = Language(load_aliases(path))
    vocabulary = Vocabulary(("dog", "bed"), ("lying on",))
    assert mine_caption("a hound lying on a bed", vocabulary, language) == [("dog", "lying on", "bed")]
    assert mine_caption("a hound lying on a bed", vocabulary) == []
    assert mine_caption("a kayak lying on a bed", vocabulary, language) == []
    with pytest.raises(InputError, match="absent"):
        load_aliases(tmp_path / "absent")


def test_doctests():
    import doctest

    from relclip import kb
    from relclip.kb import align, folders, quality

    for module in (kb, align, folders, quality):
        assert doctest.testmod(module).failed == 0
