"""The other way to read a sentence: spaCy's dependency parse (optional: spaCy and a model of English installed).

The verbs are those of the rules (`predicates.Grammar.acts`); who does what to whom comes from the parse alone, so that
both can be compared on the same gold triples. Predicates that are prepositions alone it does not find.
"""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from relclip.core.errors import InputError
from relclip.kb import grammar, lexicon
from relclip.kb.gold import Fact
from relclip.kb.predicates import Act, Grammar

#: The model that is loaded, unless the environment names another one, or its folder, in MODEL_VARIABLE.
MODEL = "en_core_web_sm"
MODEL_VARIABLE = "RELCLIP_SPACY_MODEL"

_WORN = frozenset(word for word, sort in lexicon.SORTS.items() if sort in ("clothes", "body", "limb", "self"))
_RELATIVE = frozenset(grammar.CLOSED["w"].split())
_CLAUSES = ("acl", "relcl")
_SHARED = ("conj", "advcl", "xcomp", "dep")
_MODIFIERS = ("compound", "amod", "nmod")
#: spaCy's Token: spaCy itself is imported only where this backend is asked for.
Token = Any


def reader(words: Grammar) -> Callable[[str], list[Fact]]:
    """What reads a sentence: caption -> facts. Raises InputError where spaCy or its model is not installed."""
    model = os.environ.get(MODEL_VARIABLE, MODEL)
    try:
        parse = importlib.import_module("spacy").load(model, exclude=["ner", "lemmatizer"])
    except ImportError:
        raise InputError(
            "the backend 'spacy' needs spaCy, which is not installed; pip install spacy, or use the backend 'rules'"
        ) from None
    except OSError:
        raise InputError(
            f"the backend 'spacy' needs spaCy's model '{model}', which is not installed; python -m spacy download "
            f"{MODEL}, or name a model's folder in {MODEL_VARIABLE}, or use the backend 'rules'"
        ) from None
    return lambda caption: list(facts(parse(caption), words.acts))


def facts(sentence: Any, acts: Mapping[str, Act]) -> Iterator[Fact]:
    """Yield what a parsed caption (spaCy's Doc) states, as words: (subject phrase, predicate, object phrase)."""
    for token in sentence:
        act = acts.get(token.lower_)
        if act is None or token.pos_ not in ("VERB", "AUX", "ADJ"):
            continue
        if act.participle and len(act.known.agents) > 1:
            yield from _covered(token, act)
        elif act.participle and act.passive[0] and _agents(token):
            yield from _pairs(_agents(token), act.passive[0], _subjects(token))
        else:
            yield from _active(token, act)


def _active(token: Token, act: Act) -> Iterator[Fact]:
    subjects = _subjects(token)
    for child in token.children:
        predicate = act.prepositions.get(_preposition(child))
        if predicate:
            yield from _pairs(subjects, predicate, _complements(child) or _gap(token, subjects))
    if act.direct and not act.participle:
        direct = [
            thing for child in token.children if child.dep_ in ("dobj", "obj") for thing in _group(child)
        ]
        stranded = any(child.dep_ in ("prep", "prt") for child in token.children)
        yield from _pairs(subjects, act.direct, direct or ([] if stranded else _gap(token, subjects)))


def _covered(token: Token, act: Act) -> Iterator[Fact]:
    """`x covered in y`, `snow covered x`."""
    covers = [
        noun
        for child in token.children
        if child.dep_ in ("prep", "agent") and child.lower_ in act.known.agents
        for noun in _complements(child)
    ]
    if covers:
        yield from _pairs(_subjects(token), act.passive[0], covers)
    elif token.dep_ == "amod":
        inside = [child for child in token.lefts if child.pos_ in ("NOUN", "PROPN")]
        beside = [
            child
            for child in token.head.lefts
            if child.i == token.i - 1 and child.dep_ in ("compound", "npadvmod", "nmod")
        ]
        yield from _pairs([token.head], act.passive[0], inside or beside)


def _pairs(subjects: list[Token], predicate: str, things: list[Token]) -> Iterator[Fact]:
    for subject in subjects:
        for thing in things:
            if subject.i != thing.i:
                yield _phrase(subject), predicate, _phrase(thing)


def _subjects(verb: Token, left: int = 8) -> list[Token]:
    """Who does it: its own subject, the noun it modifies, or the subjects of the verb it shares them with."""
    own = [child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass", "csubj")]
    if own and own[0].lower_ not in _RELATIVE:
        return [noun for child in own for noun in _group(child)]
    if verb.dep_ in _CLAUSES:
        return _group(_wearer(verb.head))
    if verb.dep_ in _SHARED and left:
        return _subjects(verb.head, left - 1)
    return _group(verb.head) if verb.dep_ == "amod" else []


def _wearer(noun: Token) -> Token:
    """`a man in a shirt riding`: not the shirt, whatever the parser hung the verb on."""
    while noun.lower_ in _WORN and noun.dep_ in ("pobj", "dobj") and noun.head.head.i != noun.i:
        above = noun.head.head
        if above.pos_ not in ("NOUN", "PROPN", "PRON"):
            break
        noun = above
    return noun


def _agents(verb: Token) -> list[Token]:
    """The doers of a passive: `by` whom."""
    by = [
        child
        for child in verb.children
        if child.dep_ == "agent" or (child.dep_ == "prep" and child.lower_ == "by")
    ]
    return [noun for child in by for noun in _complements(child)]


def _preposition(token: Token) -> str:
    """The preposition's word, `on_top_of` for `on top of`; '' for anything else."""
    if token.dep_ not in ("prep", "prt", "advmod"):
        return ""
    return "" if any(_of(child, "front", "back", "side") for child in token.children) else str(token.lower_)


def _of(noun: Token, *names: str) -> bool:
    return noun.lower_ in names and any(child.lower_ == "of" for child in noun.children)


def _complements(preposition: Token) -> list[Token]:
    """The nouns of a prepositional phrase; of `on top of x` x."""
    found = []
    for child in preposition.children:
        if child.dep_ == "pobj" and _of(child, "top"):
            found += [noun for of in child.children if of.lower_ == "of" for noun in _complements(of)]
        elif child.dep_ == "pobj":
            found += _group(child)
    return found


def _gap(verb: Token, subjects: list[Token]) -> list[Token]:
    """`the chair (that) the woman is sitting on`: the noun that the clause modifies."""
    if verb.dep_ not in _CLAUSES or verb.head.i in [subject.i for subject in subjects]:
        return []
    return [_wearer(verb.head)]


def _group(noun: Token) -> list[Token]:
    """The noun, what it only measures (a group of people), and those coordinated with it."""
    if noun.lower_ in lexicon.MEASURES:
        measured = [thing for of in noun.children if of.lower_ == "of" for thing in _complements(of)]
        if measured:
            return measured
    joined = [other for child in noun.children if child.dep_ == "conj" for other in _group(child)]
    return [noun, *joined]


def _phrase(noun: Token) -> str:
    """The noun with the words right before it that modify it."""
    words = [str(noun.lower_)]
    before = {child.i: child for child in noun.lefts if child.dep_ in _MODIFIERS}
    place = noun.i - 1
    while place in before:
        words.insert(0, str(before[place].lower_))
        place -= 1
    return " ".join(words)
