"""How a word is met in text: plurals, verb forms, spellings of a class name. One table for all stages (lemminflect)."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

import lemminflect

from relclip.core.errors import InputError
from relclip.core.json_file import read_text

#: Plurals that a dictionary of forms does not give: of another word, or of one it does not know.
_OTHER = {"person": ("people",), "ox": ("oxen",)}
#: Words of captions are looked up, of which there may be any number.
REMEMBERED = 1 << 16
#: Endings of compounds that a dictionary need not know: a stuntwoman is a woman.
_HEADS = ("woman", "man", "child", "foot", "tooth", "goose", "mouse", "knife", "shelf")


class VerbForms(NamedTuple):
    """ride, rides, riding, (rode,), (ridden,)."""

    base: str
    third: str
    gerund: str
    past: tuple[str, ...]
    participle: tuple[str, ...]


@cache
def plurals(word: str) -> tuple[str, ...]:
    """The plurals of a noun, the usual one first; a word that is its own plural is among them.

    >>> plurals("scarf"), plurals("person"), plurals("stuntwoman")
    (('scarves', 'scarfs'), ('people', 'persons', 'person'), ('stuntwomen',))
    """
    known = tuple(
        form for form in lemminflect.getInflection(word, "NNS", inflect_oov=False) if " " not in form
    )
    if not known:
        head = next((head for head in _HEADS if word.endswith(head) and word != head), "")
        known = tuple(word[: -len(head)] + form for form in plurals(head)) if head else (_regular(word),)
    return *_OTHER.get(word, ()), *known


def _regular(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in (*"aeiou", ""):
        return f"{word[:-1]}ies"
    return f"{word}s"


@cache
def singulars(word: str) -> tuple[str, ...]:
    """What a noun may be the plural of; () for a word that is a singular alone.

    >>> singulars("leaves"), singulars("people"), singulars("bed"), singulars("blorps")
    (('leave', 'leaf'), ('person',), (), ('blorp',))
    """
    known = lemminflect.getAllLemmas(word, "NOUN").get("NOUN", ())
    other = tuple(one for one, many in _OTHER.items() if word in many)
    found = (*other, *(form for form in known if form != word))
    if found or known or len(word) < 3:
        return found
    return tuple(form for form in _without_ending(word) if word in plurals(form))


def _without_ending(word: str) -> Iterator[str]:
    """The singulars that a word that no dictionary knows may have."""
    for ending, singular in (("ies", "y"), ("es", ""), ("s", ""), ("men", "man"), ("children", "child")):
        if word.endswith(ending):
            yield word.removesuffix(ending) + singular


def in_singular(text: str) -> Iterator[str]:
    """Yield what the last word of a phrase may be the plural of: `street lights` -> `street light`."""
    start = text.rfind(" ") + 1
    yield from (text[:start] + form for form in singulars(text[start:]))


def with_plurals(word: str) -> set[str]:
    """A noun and its plurals."""
    return {word, *plurals(word)}


@cache
def verb_forms(base: str) -> VerbForms:
    """The forms of a verb, regular ones where no dictionary knows it.

    >>> verb_forms("ride")
    VerbForms(base='ride', third='rides', gerund='riding', past=('rode',), participle=('ridden',))
    """
    stem = base.removesuffix("e")
    regular = {"VBZ": _regular(base), "VBG": f"{stem}ing", "VBD": f"{stem}ed", "VBN": f"{stem}ed"}
    known = {
        tag: lemminflect.getInflection(base, tag, inflect_oov=False) or (regular[tag],) for tag in regular
    }
    return VerbForms(base, known["VBZ"][0], known["VBG"][0], tuple(known["VBD"]), tuple(known["VBN"]))


@lru_cache(REMEMBERED)
def verb_lemmas(word: str) -> tuple[str, ...]:
    """The verbs that a word may be a form of; () for a word that is none.

    >>> verb_lemmas("says"), verb_lemmas("lying"), verb_lemmas("behind")
    (('say',), ('lie',), ())
    """
    return tuple(lemminflect.getAllLemmas(word, "VERB").get("VERB", ()))


@lru_cache(REMEMBERED)
def parts_of_speech(word: str) -> frozenset[str]:
    """What a word may be: NOUN, VERB, ADJ, ADV and the like; nothing for a word that no dictionary knows.

    >>> sorted(parts_of_speech("butterfly")), sorted(parts_of_speech("kneels")), sorted(parts_of_speech("blorp"))
    (['NOUN'], ['VERB'], [])
    """
    return frozenset(lemminflect.getAllLemmas(word))


def in_gerund(text: str) -> Iterator[str]:
    """Yield a phrase that begins with a verb's base or third person with its gerund: `lies on` -> `lying on`."""
    verb, _, rest = text.partition(" ")
    forms = map(verb_forms, verb_lemmas(verb))
    yield from (f"{form.gerund} {rest}".strip() for form in forms if verb in (form.base, form.third))


def tidy(name: str) -> str:
    """A name in lower case, underscores as spaces, single spaces, without quotes or stops at the ends.

    A letter with a mark is one letter (NFC), however a keyboard or a file system wrote it.

    >>> tidy(" Traffic_Light.")
    'traffic light'
    """
    return " ".join(normalize("NFC", name).lower().replace("_", " ").split()).strip(" .,;:!?\"'`")


def spellings(text: str) -> Iterator[str]:
    """Yield how a text that is met may be written in a table of names: as it is, its hyphens as spaces, in one word.

    >>> list(spellings("surf-board")), list(spellings("hat"))
    (['surf-board', 'surf board', 'surfboard'], ['hat'])
    """
    yield text
    if "-" in text:
        yield text.replace("-", " ")
        yield text.replace("-", "")


def name_forms(name: str) -> Iterator[str]:
    """Yield how a class name is met in text, itself first: in other spellings, then in the other number.

    `tv/monitor` is met as either; a hyphen as a space. A name in the plural is met in the singular too.

    >>> list(name_forms("traffic-light"))
    ['traffic-light', 'traffic light', 'traffic-lights', 'traffic lights']
    """
    own = name_spellings(name)
    yield from own
    for spelling in own:
        yield from _other_numbers(spelling)


def name_spellings(name: str) -> dict[str, None]:
    """How a class name is met in text in its own number: each of `a/b`, a hyphen as a space."""
    text = tidy(name)
    found = [text, *(text.split("/") if "/" in text else ()), text.replace("-", " ")]
    return dict.fromkeys(filter(None, map(tidy, found)))


def _other_numbers(text: str) -> Iterator[str]:
    start = max(text.rfind(" "), text.rfind("-")) + 1
    word = text[start:]
    if word:
        yield from (text[:start] + form for form in (*plurals(word), *singulars(word)) if form != word)


def name_table(ids: Mapping[str, int], aliases: Mapping[str, str], *, exact: bool = False) -> dict[str, int]:
    """Text -> class id: the forms of the classes, then of the aliases (other name -> name of a class).

    What a class is called goes before what another one's form is: with `man` and `men`, men are the latter. A class of
    several words is met in one too (wineglass). `exact`: names and aliases as they are written, no other forms.
    """
    table = {tidy(name): number for name, number in ids.items()}
    named = [*ids.items(), *((alias, table.get(tidy(name), 0)) for alias, name in aliases.items())]
    for name, number in named:
        for form in [tidy(name)] if exact else name_forms(name):
            if number:
                table.setdefault(form, number)
    for name, number in () if exact else ids.items():
        for form in name_forms(name):
            table.setdefault(form.replace(" ", ""), number)
    return table


def load_aliases(path: str | Path | None, *, to_the_end: bool = False) -> dict[str, str]:
    """Read an alias file in Visual Genome's format, a line a name and, after commas, the forms that mean it.

    Returns form -> name, both tidied; {} without a file. The first line that has a form wins. `to_the_end`: where a
    name is itself a form, what that means, and so on; Visual Genome's counts were made by one step alone.

    Raises InputError where the file cannot be read as UTF-8 text, has no form, or two names that mean each other.
    """
    if path is None:
        return {}
    try:
        lines = read_text(Path(path)).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the alias file '{path}' cannot be read ({error}); give a text file or leave it out"
        ) from None
    aliases: dict[str, str] = {}
    for line in lines:
        name, *forms = (tidy(part) for part in line.split(","))
        for form in forms:
            if name and form:
                aliases.setdefault(form, name)
    if any(map(str.strip, lines)) and not aliases:
        raise InputError(
            f"the alias file '{path}' has no alias; a line is a name and, after commas, what means it: person,people"
        )
    ends = {form: _end(form, aliases, path) for form in aliases}
    return ends if to_the_end else aliases


def _end(form: str, aliases: Mapping[str, str], path: str | Path) -> str:
    """What a form means in the end."""
    met = [form]
    while (name := aliases.get(met[-1], met[-1])) != met[-1]:
        if name in met:
            raise InputError(
                f"in the alias file '{path}' {' means '.join([*met, name])}; leave one of these out"
            )
        met.append(name)
    return met[-1]
