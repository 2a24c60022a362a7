"""A vocabulary's predicates -> a grammar: which verbs and prepositions state them, and which predicates none can."""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from relclip.core.forms import VerbForms, tidy, verb_forms, verb_lemmas
from relclip.kb import grammar, lexicon
from relclip.kb.lexicon import NOTHING, Known, known_verbs

_ARTICLES = ("a", "an", "the")
_BE = tuple(grammar.CLOSED["b"].split())
#: Tags of words that state nothing by themselves, and a preposition that hardly ever states a relation one can see.
_UNSAID, _PURPOSE = frozenset("ct,w.dhAzxqrb"), "for"
HAVE, WEAR = "have", "wear"


class Act(NamedTuple):
    """What one form of a verb states.

    `direct`: the predicate of a direct object. `passive`: the predicate of who does it (`by`), with whether subject and
    object change places. `prepositions`: preposition -> predicate.
    """

    lemma: str
    participle: bool
    direct: str
    passive: tuple[str, bool]
    prepositions: Mapping[str, str]
    known: Known


class _Phrase(NamedTuple):
    """A predicate or one of its aliases that begins with a verb."""

    lemma: str
    word: str
    rest: str
    predicate: str

    @property
    def participle(self) -> bool:
        """Whether it is said of whom it happens to: parked on, made of."""
        forms = verb_forms(self.lemma)
        return self.word in forms.participle and self.word not in (forms.base, forms.gerund)


class Grammar:
    """The verbs and prepositions of a vocabulary.

    `acts`, `tags`: form of a verb -> what it states, its tag; `links`: preposition -> predicate; `has`, `wears`: the
    predicates of possession and of clothes, or ''; `texts`: the predicates and their aliases, as they are read.
    """

    def __init__(
        self,
        predicates: Sequence[str],
        aliases: Mapping[str, str] | None = None,
        verbs: Path | None = None,
        nouns: Set[str] = frozenset(),
    ) -> None:
        """`nouns`: words that are nouns too, whatever a predicate makes of them: a ski, beside skiing."""
        self._classes, self._nouns = nouns, nouns | lexicon.ALSO_NOUN
        self._known = known_verbs(verbs)
        self.links: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.phrases: dict[str, str] = {}
        named = list(_named(predicates, aliases or {}))
        found = list(filter(None, starmap(self._read, named)))
        own = sorted(self.phrases, key=len, reverse=True)
        self.phrases = {phrase: self.phrases[phrase] for phrase in own} | grammar.PHRASES
        pairs = ((one, *one.rpartition("_")[::2]) for one, tag in self.tags.items() if tag == "p")
        #: Of prepositions of one word that begin with a direction what they end with: down_at -> at.
        self._directed = {
            one: last
            for one, before, last in pairs
            if all(grammar.TAG.get(word) == "r" for word in before.split("_"))
        }
        # a predicate's own word is its own: inside, beside inside of
        self.links |= {text: name for text, name in reversed(named) if text in self.links}
        if "part_of" in self.links:
            self.phrases |= {f" {be} part of ": f" {be} part_of " for be in _BE}
        for link, likes in grammar.LIKE.items():
            for like in likes if link in self.links else ():
                self.links.setdefault(like, self.links[link])
        self.links = self._with_directions(self.links)
        self._verbs = self._with_likes(found)
        self.acts: dict[str, Act] = {}
        for lemma in dict.fromkeys(phrase.lemma for phrase in self._verbs):
            self._add_forms(lemma)
        self.has = self._direct(HAVE)
        self.wears = self._direct(WEAR)
        self.texts = [text for text, _ in named]

    def _read(self, text: str, name: str) -> _Phrase | None:
        """A verb's phrase; what is a preposition goes to `links`."""
        words = [word for word in text.split() if word not in _ARTICLES]
        while len(words) > 1 and words[0] in _BE:
            del words[0]
        if not words:
            return None
        tag = grammar.TAG.get(words[0], "")
        lemmas = () if tag and tag in _UNSAID else verb_lemmas(words[0])
        if not lemmas or tag in ("p", "o") or _preposition(words):
            link = self._own_preposition(words)
            if link and grammar.TAG.get(link) != "t" and link != _PURPOSE:
                self.links.setdefault(link, name)
                self._read_with_of(words, link)
            return None
        rest = self._own_preposition(words[1:])
        if words[1:] and not rest:
            return None
        self._read_with_of(words[1:], rest)
        return _Phrase(lemma=_lemma(words[0], lemmas), word=words[0], rest=rest, predicate=name)

    def _own_preposition(self, words: list[str]) -> str:
        """The preposition that words are, '' for others; noted where it is one in this vocabulary alone.

        An adverb before a noun: around. Several words, which become one: adjacent_to, across_from.
        """
        joined = "_".join(words)
        if (found := _preposition(words)) or not words:
            return found
        if joined in grammar.BEFORE_NOUN:
            self.tags[joined] = "R"
            return joined
        if joined in grammar.TAG or len(words) == 1 or not self._is_one(words):
            return ""
        self.phrases[f" {' '.join(words)} "], self.tags[joined] = f" {joined} ", "p"
        return joined

    def _is_one(self, words: list[str]) -> bool:
        """Whether several words are one preposition: far from, taller than, in contact with; not logo on, are in."""
        first, last = grammar.TAG.get(words[0], ""), grammar.TAG.get(words[-1], "")
        begins = (
            first in ("p", "r", "t") or (not first and words[0] in lexicon.ADJECTIVES) or words[-1] == "than"
        )
        between = {grammar.TAG.get(word, "") for word in words[1:-1]}
        one = between <= {"", "p", "r", "t", "o"} and self._classes.isdisjoint(words)
        return begins and one and last in ("p", "o", "t")

    def _with_directions(self, stated: Mapping[str, str]) -> dict[str, str]:
        """Preposition -> predicate: what `at` states, `down_at` does where that is one word: sits down at."""
        return {one: stated[last] for one, last in self._directed.items() if last in stated} | dict(stated)

    def _read_with_of(self, words: list[str], link: str) -> None:
        """Captions say `inside of` for `inside` where a predicate does."""
        if words == [link, "of"]:
            self.phrases[f" {link} of "] = f" {link} "

    def _with_likes(self, found: list[_Phrase]) -> list[_Phrase]:
        """Add verbs that mean another one (lay: lie) where they are no predicates of their own."""
        have = {(phrase.lemma, phrase.rest) for phrase in found}
        pairs = [(lemma, known.like) for lemma, known in self._known.items() if known.like]
        likes = [
            phrase._replace(lemma=other, word="")
            for pair in pairs
            for one, other in (pair, pair[::-1])
            for phrase in found
            if phrase.lemma == one and (other, phrase.rest) not in have
        ]
        return found + likes

    def _add_forms(self, lemma: str) -> None:
        """What the forms of a verb state: the first predicate of a form counts, one that is named by it before all."""
        own = [phrase for phrase in self._verbs if phrase.lemma == lemma]
        known = self._known.get(lemma, NOTHING)
        forms = verb_forms(lemma)
        tagged = list(_tagged(forms, known, lemma in self._nouns))
        if lemma in forms.participle and lemma in forms.past:
            # a ball | hit by a man, hits it
            self.phrases[f" {lemma} by "] = f" {lemma}_ by "
            tagged.append((f"{lemma}_", "e"))
        for word, tag in tagged:
            self.phrases |= {f" {word} {particle} ": f" {word} " for particle in known.particles}
            act = _act(word, tag, own, known)
            self.acts[word] = act._replace(prepositions=self._with_directions(act.prepositions))
            self.tags[word] = tag

    def _direct(self, lemma: str) -> str:
        return next(
            (phrase.predicate for phrase in self._verbs if (phrase.lemma, phrase.rest) == (lemma, "")), ""
        )


def _act(word: str, tag: str, phrases: list[_Phrase], known: Known) -> Act:
    own = sorted(phrases, key=lambda phrase: phrase.word != word)
    prepositions: dict[str, str] = {}
    direct = next((phrase.predicate for phrase in own if not phrase.rest and not phrase.participle), "")
    for phrase in own:
        if phrase.rest and (not phrase.participle or tag == "e" or (tag == "g" and not direct)):
            prepositions.setdefault(phrase.rest, phrase.predicate)
    if direct and known.object == "ridden":
        prepositions.setdefault("on", direct)
    if "on" in prepositions:
        for like in ("upon", "on_top_of", "atop"):
            prepositions.setdefault(like, prepositions["on"])
    done = [phrase for phrase in own if phrase.participle or word == f"{phrase.word}_"]
    agents = [phrase.predicate for phrase in done if phrase.rest in known.agents]
    passive = (agents[0], False) if agents else (direct, True)
    return Act(
        lemma=phrases[0].lemma,
        participle=tag == "e",
        direct=direct,
        passive=passive,
        prepositions=prepositions,
        known=known,
    )


def _tagged(forms: VerbForms, known: Known, noun: bool) -> Iterator[tuple[str, str]]:
    """Yield each form of a verb, which is a `noun` too, with its tag."""
    yield forms.base, "B" if noun else "f"
    yield forms.third, "S" if noun else "f"
    yield from ((form, "f") for form in forms.past)
    yield from ((form, "e") for form in forms.participle if form != forms.base)
    yield forms.gerund, "g"
    yield from ((word, "g" if word.endswith("ing") else "e") for word in known.also)


def _named(predicates: Sequence[str], aliases: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (text, predicate): the predicates, then their aliases."""
    names = {tidy(name): name for name in predicates}
    yield from names.items()
    for alias, name in aliases.items():
        if tidy(name) in names:
            yield tidy(alias), names[tidy(name)]


def _lemma(word: str, lemmas: Sequence[str]) -> str:
    """Of the verbs that a word may be a form of, one whose -ing form it is; else the first."""
    return next((lemma for lemma in lemmas if word == verb_forms(lemma).gerund), lemmas[0])


def _preposition(words: Sequence[str]) -> str:
    """One preposition, or several words that act as one: `on side of`, `next_to`, `inside of`; '' for anything else."""
    words = [word for word in words if word not in _ARTICLES]
    joined = "_".join(words)
    if grammar.TAG.get(joined) in ("p", "o", "t"):
        return joined
    if words[1:] == ["of"] and grammar.TAG.get(words[0]) in ("p", "t"):
        return words[0]
    around = len(words) > 2 and words[-1] == "of" and words[-2] in grammar.RELATIONAL
    return f"{words[0]} {words[-2]} of" if around and grammar.TAG.get(words[0]) in ("p", "t") else ""
