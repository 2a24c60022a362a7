"""Words of open classes: what a noun is (WordNet's word for it, words.json), what no dictionary says, verbs."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from relclip.core.errors import InputError, first_fault
from relclip.core.json_file import parse_json, read_text
from relclip.kb.grammar import word_set

_WORDS = {
    name: word_set(words)
    for name, words in parse_json(
        resources.files("relclip.kb.wordnet").joinpath("words.json").read_text("utf-8")
    ).items()
}
#: Verbs whose base form is a noun as well.
ALSO_NOUN = _WORDS["also noun"]
PARTICIPLE = _WORDS["participle"]
#: Forms in -s of verbs that are as often plurals.
THIRD_OR_PLURAL = _WORDS["third person or plural"]
#: Forms of verbs that are hardly ever nouns.
FINITE, BASE = _WORDS["third person"] | _WORDS["past"], _WORDS["base"] | {"sleep", "look"}
NOUNS_IN_LY, ADJECTIVES = _WORDS["noun in ly"], _WORDS["adjective"]
#: Nouns that are base forms of verbs as often.
BASE_OR_NOUN = _WORDS["base or noun"]
#: Adverbs not in -ly that are nothing else.
ADVERBS = _WORDS["adverb"]
#: Several people or animals: a family of elephants.
GROUPS = _WORDS["group"]
#: Forms of verbs -> their sort: what somebody wants or promises to do, or stops or avoids doing, is not done.
UNDONE = {word: sort for sort in ("ceased", "wished") for word in _WORDS[sort]}

#: Who acts that WordNet has under groups, measures or several things alike.
_PERSON = word_set("""driver drivers fireman firemen couple fan fans band group team teams male males female females
    human humans he she they them him her everyone""")
_ANIMAL = word_set(
    "tiger tigers bull bulls donkey donkeys flock chicken chickens cub cubs heron herons teddy"
)
#: Words in -ing and -ed (and -s, -en) that are no verbs.
NOUNS_LIKE_VERBS = word_set("""building railing painting clothing ceiling wedding awning living dining string strings
    ring rings king wing wings something morning evening parking lighting siding flooring crossing landing icing
    frosting topping stuffing pudding dressing earring swing swings spring bedding shopping skiing surfing
    skateboarding snowboarding boxing racing tubing lining coating swimming bathing cutting serving filling opening
    marking writing drawing engraving lettering fencing paneling molding moulding roofing shelving wiring plumbing
    outing meeting gathering rigging netting sling stocking herring duckling sibling siblings sterling bowling red bed
    sled shed seed weed head hundred feed steed colored striped wooden multicolored framed curved haired legged toed
    tiled bearded stuffed baked fried grilled tattooed tanned spotted dotted checkered checked pointed fenced paved
    sliced frosted united""")

#: What is worn or part of a body, beside WordNet's clothes and parts: colours stand for clothes (a man in black).
_CLOTHES = word_set("""helmet helmets glove gloves jean pant short shorts tie ties skirt skirts hoodie hoodies outfit
    outfits trunks top tops bikini bikinis wetsuit tshirt tee jersey jerseys gear khaki plaid""")
_COLOUR = word_set("black white red blue green yellow pink orange purple brown gray grey")
_BODY = word_set("trunk collar collars stripes spots")
#: Nouns before `of` that only measure or picture what follows (a group of people -> people).
MEASURES = word_set("""all both each amount bunch bunches bundle bundles group groups pair pairs couple lot lots row
    rows set number pile piles piece pieces slice slices herd herds flock flocks crowd stack stacks variety type types
    kind sort line lines series array collection handful photo photos picture pictures image images view statue
    statues painting team cluster clusters sheet sheets layer layers patch patches dozens hundreds body close-up bit
    portion half pack part parts spoonful mouthful photograph drawing mound mounds game games""")

#: What is in them, they have not: a plate of food.
_CONTAINERS = word_set("""plate plates bowl bowls cup cups glass box boxes basket baskets vase vases bottle bottles
    bag bags pot pots tray trays pan pans jar jars can cans bucket buckets case cases dish dishes mug mugs""")
#: Words between somebody and a thing they hold, wear or are in: not the thing, but they sit, stand or lie.
HOLDING = word_set("""holding wearing carrying with using riding eating reading playing watching holds wears has have
    having pulling pushing swinging throwing catching hitting drinking feeding walking in inside on at under
    beneath""")
#: Participles that say no more than the preposition after them: seen in, located on.
PLACED = word_set("located placed situated seen shown found pictured posted displayed")
#: Participles whose object is another name of the same: a boy named Jack.
NAMING = word_set("named called")
#: Participles that join two nouns to one phrase (motorcycle shaped chairs).
JOINING = word_set("shaped sized themed lined filled capped topped coated flavored styled printed wrapped")
#: What is ridden beside WordNet's vehicles when somebody rides on it (not a street or a beach), beside animals.
_RIDDEN = word_set("""surfboard surfboards snowboard snowboards board boards ski skis bus buses train trains carousel
    raft""")
#: What people and animals stand on anyway.
_LIMBS = word_set("arm arms hand hands leg legs foot feet paw paws knee knees toes head")
#: `lying on his side on a bed`: passed over.
_SELF = word_set("side back stomach belly tummy own")
#: Where in a picture something is: none of these does anything.
_VIEW = word_set("background foreground distance")
#: Things and their parts, as compounds name both (a tree branch); of the living any part of a body.
WHOLES = {
    (whole, part)
    for wholes, parts in (
        ("tree trees", "branch branches"),
        ("train car bus truck building house", "window windows door doors"),
        ("plane airplane jet", "wing wings engine engines"),
        ("laptop computer phone", "screen screens"),
    )
    for whole in wholes.split()
    for part in parts.split()
}
#: Pronouns that stand for somebody named before.
PEOPLE = word_set("he she they")
#: Plurals that do not end in s.
PLURALS = word_set("men women people children sheep cattle geese feet police")

#: Sorts that do something by themselves.
LIVING = frozenset({"person", "animal"})
#: Sorts of words before a noun that are no noun phrase: `an orange motorcycle is parked on`.
ADJECTIVAL = frozenset({"colour", "quality"})
#: Noun -> its sort: person, animal, vehicle (what is ridden), device, clothes, body, limb, self. All others are things.
SORTS = {
    word: sort
    for sort, words in (
        ("vehicle", _WORDS["vehicle"] | _RIDDEN),
        ("device", _WORDS["device"]),
        ("person", _WORDS["person"]),
        ("animal", _WORDS["animal"] | _ANIMAL),
        ("person", _PERSON),
        ("body", _WORDS["body"] | _BODY),
        ("part", {part for _, part in WHOLES}),
        ("container", _CONTAINERS),
        ("clothes", _WORDS["clothes"] | _CLOTHES),
        ("colour", _COLOUR),
        ("self", _SELF),
        ("view", _VIEW),
        ("limb", _LIMBS),
    )
    for word in words
}
#: Long haired, four-legged -> hair, leg.
HAVING = {
    form: part
    for part, sort in SORTS.items()
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
