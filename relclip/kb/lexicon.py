"""Words of open classes: what a noun is (WordNet's word for it, words.json; words.yaml's beside it), verbs."""

from functools import cache
from importlib import resources
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relclip.core.errors import InputError, first_fault
from relclip.core.json_file import parse_json, read_text
from relclip.kb.grammar import WORDS, word_set

_WORDNET = {
    name: frozenset(words.split())
    for name, words in parse_json(
        resources.files("relclip.kb.wordnet").joinpath("words.json").read_text("utf-8")
    ).items()
}
#: Verbs whose base form is a noun as well.
ALSO_NOUN = _WORDNET["also noun"]
PARTICIPLE = _WORDNET["participle"]
#: Forms in -s of verbs that are as often plurals.
THIRD_OR_PLURAL = _WORDNET["third person or plural"]
#: Forms of verbs that are hardly ever nouns.
FINITE, BASE = _WORDNET["third person"] | _WORDNET["past"], _WORDNET["base"] | {"sleep", "look"}
NOUNS_IN_LY, ADJECTIVES = _WORDNET["noun in ly"], _WORDNET["adjective"]
#: Nouns that are base forms of verbs as often.
BASE_OR_NOUN = _WORDNET["base or noun"]
#: Adverbs not in -ly that are nothing else.
ADVERBS = _WORDNET["adverb"]
#: Several people or animals: a family of elephants.
GROUPS = _WORDNET["group"]
#: Forms of verbs -> their sort: what somebody wants or promises to do, or stops or avoids doing, is not done.
UNDONE = {word: sort for sort in ("ceased", "wished") for word in _WORDNET[sort]}

#: Words in -ing and -ed (and -s, -en) that are no verbs.
NOUNS_LIKE_VERBS = word_set("nouns like verbs")
#: Nouns before `of` that only measure or picture what follows.
MEASURES = word_set("measures")
HOLDING, PLACED, NAMING, JOINING = map(word_set, ("holding", "placed", "naming", "joining"))
#: Pronouns that stand for somebody named before.
PEOPLE = word_set("people")
#: Plurals that do not end in s.
PLURALS = word_set("plurals")
#: Things and their parts: (tree, branch).
WHOLES = set(
    chain.from_iterable(product(wholes.split(), parts.split()) for wholes, parts in WORDS["parts"].items())
)

#: Sorts that do something by themselves.
LIVING = frozenset({"person", "animal"})
#: Sorts of words before a noun that are no noun phrase: `an orange motorcycle is parked on`.
ADJECTIVAL = frozenset({"colour", "quality"})
#: Sort -> the nouns of it that are typed, beside WordNet's.
TYPED = {sort: frozenset(words.split()) for sort, words in WORDS["sorts"].items()}
#: Noun -> its sort: person, animal, vehicle (what is ridden), device, clothes, body, limb, self. All others are things.
SORTS = {
    word: sort
    for sort, words in (
        *((sort, _WORDNET[sort]) for sort in ("vehicle", "device", "person", "animal", "body", "clothes")),
        ("part", {part for _, part in WHOLES}),
        *TYPED.items(),
    )
    for word in words
}
#: Long haired, four-legged -> hair, leg.
HAVING = {
    form: part
    for part, sort in sorted(SORTS.items(), reverse=True)  # of retina and retinae the former stays
    if sort in ("body", "limb")
    for form in (f"{part}ed", f"{part}{part[-1]}ed", f"{part}d" if part.endswith("e") else f"{part}ed")
}


Subject = Literal["any", "living", "moving", "rather living", "rather vehicle", "body", "thing"]
Object = Literal["anything", "ridden", "contents", "not limbs", "not clothes", "not limbs or clothes"]
_OWN = Path(__file__).with_name("verbs.yaml")
_Lemma = Annotated[str, Field(pattern=r"^[a-z-]+$")]


class Known(BaseModel):
    """One verb, as verbs.yaml explains."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Subject = "body"
    object: Object = "anything"
    also: tuple[_Lemma, ...] = ()
    like: _Lemma | None = None
    particles: tuple[_Lemma, ...] = ()
    agents: tuple[_Lemma, ...] = ("by",)
    person: bool = False


NOTHING = Known()
_FILE = TypeAdapter(dict[_Lemma, Known])


@cache
def known_verbs(path: Path | None = None) -> dict[str, Known]:
    """Verb -> what is known of it; entries of a user's file replace the package's. Raises InputError for a bad file."""
    own = _read(_OWN)
    return own | _read(path) if path else own


def _read(path: Path) -> dict[str, Known]:
    try:
        return _FILE.validate_python(yaml.safe_load(read_text(path)) or {})
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file of verbs {path} cannot be read ({error})") from None
    except (yaml.YAMLError, RecursionError):
        raise InputError(
            f"the file of verbs {path} is no YAML; it must look like `ride: {{subject: living}}`"
        ) from None
    except ValidationError as error:
        raise InputError(f"the file of verbs {path}: {first_fault(error)}") from None
