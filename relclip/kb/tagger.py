"""Captions -> words and their tags, one letter a word (see `grammar`)."""

import re
from collections.abc import Collection, Mapping

from relclip.core.forms import parts_of_speech, verb_forms, verb_lemmas
from relclip.kb import grammar, lexicon

REMEMBERED_WORDS = 500_000
#: Words of a caption that are looked at, so that time stays linear whatever the file.
LONGEST = 300
#: The word that ends a caption, one of the marks that become blanks, and its tag.
END, END_TAG = "#", "\n"
_MARKS = b'"`[]{}<>*#~=+/\\^$%@'
#: Signs that stand for words or, with a blank on either side, for a pause; before a tag (#sunset) a caption ends.
_SIGNS = {
    " w/o ": " without ",
    " w/": " with ",
    "&": " & ",
    " + ": " and ",
    " (and ": " and ",
    " @ ": " at ",
    " @": " | ",
    " #": " | ",
}
_SIGNS |= {f" {mark} ": " | " for mark in "/~*>="}
_EITHER = re.compile("(?<=[a-zA-Z])/(?=[a-zA-Z])")
_BLANK = bytes.maketrans(_MARKS, b" " * len(_MARKS))
#: The last two letters of what is tagged by its ending -> the tag, the ending.
_ENDINGS = {"ng": ("g", "ing"), "ed": ("e", "ed"), "ly": ("l", "ly")}


class Tags(dict[str, str]):
    """Word -> tag, given a vocabulary's verbs, with their tags, and nouns. New words get one by their ending."""

    def __init__(self, verbs: Mapping[str, str], nouns: Collection[str] = ()) -> None:
        super().__init__()
        self.update(dict.fromkeys(lexicon.FINITE, "f"))
        self.update(dict.fromkeys(lexicon.BASE, "v"))
        self.update(dict.fromkeys(lexicon.PARTICIPLE, "e"))
        self.update(dict.fromkeys(lexicon.ADVERBS, "l"))
        self.update({noun: tag if (tag := _by_ending(noun)) in "nsykjY" else "n" for noun in nouns})
        self.update(verbs)
        self.update({word: tag for word, tag in grammar.TAG.items() if verbs.get(word) != "R"})
        self.update({word: _plural(word) for word in lexicon.PLURALS})
        self.update(dict.fromkeys(lexicon.JOINING, "m"))
        self[END] = END_TAG
        for word in lexicon.NOUNS_LIKE_VERBS:
            if _is_gerund(word):
                self[word] = "i"
            elif word not in verbs:
                self[word] = "s" if word.endswith("s") else "n"

    def __missing__(self, word: str) -> str:
        tag = _by_ending(word)
        if len(self) < REMEMBERED_WORDS:
            self[word] = tag
        return tag


def _is_gerund(word: str) -> bool:
    return any(verb_forms(lemma).gerund == word for lemma in verb_lemmas(word))


def _by_ending(word: str) -> str:
    tag, ending = _ENDINGS.get(word[-2:], ("", ""))
    if tag and word.endswith(ending) and "-" not in word and len(word) >= 5 and _inflected(word, tag):
        return tag
    if word in lexicon.THIRD_OR_PLURAL:
        return "k"
    if word[-1:] == "s" and word[-2:] not in ("ss", "us"):
        return _plural(word)
    return "d" if word.isdigit() else _noun(word)


def _inflected(word: str, tag: str) -> bool:
    """Whether a word in -ing, -ed or -ly is what its ending says: not thing, speed, butterfly."""
    if tag == "g":
        return len(word) > 5 or (_is_gerund(word) and word not in verb_lemmas(word))
    known = parts_of_speech(word)
    if tag == "e":
        return not known or not {word}.issuperset(verb_lemmas(word))
    return word not in lexicon.NOUNS_IN_LY and ("NOUN" not in known or not known.isdisjoint(("ADJ", "ADV")))


def _plural(word: str) -> str:
    return "Y" if lexicon.SORTS.get(word) in lexicon.LIVING else "s"


def _noun(word: str) -> str:
    if word in lexicon.ADJECTIVES:
        return "j"
    if word in lexicon.SORTS:
        return "y" if lexicon.SORTS[word] in lexicon.LIVING else "n"
    return "K" if word in lexicon.BASE_OR_NOUN else "n"


def cleaned(text: str, phrases: Mapping[str, str] = grammar.PHRASES) -> str:
    """One plain caption, or many with a line end between them (then END), so that `words_of` only cuts at blanks.

    Lower-case words, punctuation and a possessive 's as words of their own, fixed phrases as one word. Python's own
    replace over a whole block costs a tenth of a caption at a time.
    """
    for sign, meaning in _SIGNS.items():
        text = text.replace(sign, meaning)
    if "/" in text:
        text = _EITHER.sub(" and ", text)
    # of bytes: str.translate takes as long as all the rest
    text = f" {text.lower()} ".encode().translate(_BLANK).decode().replace("\n", f" {END} ")
    for mark in ".,;:!?()":
        text = text.replace(mark, f" {mark} ")
    # quotes go, so that what is left of 's stands alone
    text = text.replace("'s ", " 's ").replace("' ", " ").replace(" '", " ").replace(" s ", " 's ")
    for phrase, replacement in phrases.items():
        text = text.replace(phrase, replacement)
    return text


def words_of(text: str) -> list[str]:
    """The words of cleaned captions, END after each caption's; those after LONGEST words are left out."""
    captions = text.split(END)
    # a word and its blank are two letters at least
    if len(max(captions, key=len)) > 2 * LONGEST:
        text = f" {END} ".join(" ".join(caption.split(None, LONGEST)[:LONGEST]) for caption in captions)
    return [*text.split(), END]
