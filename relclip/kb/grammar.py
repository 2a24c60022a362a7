"""The closed classes of English words, one letter each, so that phrases are regular expressions over a string of tags.

d determiner, number, possessive      z the same in the negative (no, neither)      n s noun or adjective, plural
    y person or animal      k plural that is a verb's form in -s too      i noun in -ing that is a verb's form too
g e f B S v a verb: -ing, participle, finite; a base form or one in -s that is a noun too; base form
b be      t to      m participle that joins two nouns (heart shaped box)      ' possessive
p preposition    o of    c and    , comma and conjunctions of clauses    w relative pronoun
q pronoun    r l adverb, one that is no direction, passed over    x not, or only thought of    . end of sentence
for a moment: Y plural of y    K n that is a base form too    M x that is a noun too    R r that a predicate makes a
    preposition before a noun
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import yaml

#: Lists of words, by the names and with the explanations that words.yaml gives them.
WORDS: Mapping[str, Any] = yaml.safe_load(
    resources.files("relclip.kb").joinpath("words.yaml").read_text("utf-8")
)


def word_set(name: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(WORDS[name].split())


CLOSED: dict[str, str] = WORDS["closed"]
#: Word -> its class.
TAG = {word: tag for tag, words in CLOSED.items() for word in words.split()}
PHRASES: dict[str, str] = WORDS["phrases"]
RELATIONAL = word_set("relational")
BEFORE_NOUN = word_set("before a noun")
#: They make one too.
DITTO = frozenset(word for word in CLOSED["c"].split() if word.startswith("so_"))
#: Forms of `be` that only one does: a horse and a man is riding it.
ONE_IS = frozenset(("is", "was", "'s"))
#: Finite forms of `be`.
IS = ONE_IS | {"are", "were"}
NOBODY = word_set("nobody")
WITHOUT = word_set("without")
IF = word_set("if")
LIKE: dict[str, list[str]] = WORDS["like"]
