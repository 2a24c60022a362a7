"""Text as people write it -> plain letters, digits and ASCII marks: the one place where captions are normalised."""

import html
import re
import unicodedata
from functools import cache

#: What needs looking at; any other text is plain already. RE2 reads it too.
SUSPECT = r"[^\t\n\x20-\x7e]|&[#\w]+;|<[/!a-zA-Z]|\.\.|_|^\S+$|[\"]|\s'\s?\w"
_SUSPECT = re.compile(SUSPECT)
_MARK = re.compile(r"[^\t\n\x20-\x7e]")
_TAG = re.compile(r"<(?:!--.*?--|[/!]?([a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*)?/?)>")
_APOSTROPHE = re.compile(r"(?<=\w)[\u2018\u2019\u02bc\u2032\u00b4\uff07](?=\w)")
#: What stands between quotes inside a sentence; not from one possessive to the next.
_QUOTED = re.compile(
    r"""(^\W*|(?<=\w)[\s,:(]*)(?:"([^"]+)"|\u201c([^\u201c\u201d]+)\u201d|\u00ab([^\u00ab\u00bb]+)\u00bb"""
    r"""|(?<!\w)(?:'(?!(?:s|re|ve|ll|d|m|t|n)\b)|\u2018)([^'\u2018\u2019]+)['\u2019](?!\w))"""
)
#: How words end after which lettering stands for a noun: says, reading, painted with.
_SAID = ("s", "ing", "ed", "with")
_ELLIPSIS = re.compile(r"\.{2,}")
#: Tags that end a line on a page, and so a sentence.
_BREAKS = frozenset(["br", "p", "div", "li", "tr", "td", "h1", "h2", "h3", "h4", "hr"])
#: Stands for a sign in the middle of a text, which divides two nouns (a beach \u2661 photo) and nothing else.
_SIGN = " _ "
#: Marks that no category tells apart: a bullet or a full stop ends a sentence; dash, ellipsis, \u3010 are a pause.
_MARKS = dict.fromkeys("\u3002\uff61", " . ") | dict.fromkeys("\u2026\u22ef\u3001\u060c", " , ")
_MARKS |= dict.fromkeys("\u2014\u2015", " - ") | dict.fromkeys(
    "\u00b7\u2022\u2023\u2027\u30fb\u25cf\u25aa", " | "
)
_MARKS |= dict.fromkeys("\u3010\u3014\u3016", " ( ") | dict.fromkeys("\u3011\u3015\u3017", " ) ")
_MARKS |= {"\u200b": " ", "\u2044": "/", **dict.fromkeys(map(chr, range(0xFE00, 0xFE10)), "")}
#: Words of the names of marks that are a pause, and of those that divide a text.
_DASHES = frozenset(["ARROW", "MINUS"])
_SHAPES = frozenset(["TRIANGLE", "SQUARE", "CIRCLE", "DIAMOND", "LOZENGE", "STAR", "BULLET", "CHECK"])
#: Category -> what stands for a mark of it where Unicode's compatibility form (NFKC) is no ASCII.
_CATEGORIES = {"Pd": "-", "Cf": "", "Co": "", "Cn": "", "Cs": "", "Me": ""}
_CATEGORIES |= dict.fromkeys(["Pi", "Pf", "Ps", "Pe", "Zs", "Zl", "Zp", "Cc"], " ")
_CATEGORIES |= dict.fromkeys(["Po", "Sm", "So", "Sc", "Sk"], _SIGN)


def plain(text: str) -> str:
    r"""One caption without HTML, emoji and typography, on one line. Plain text comes back as it is.

    >>> plain("<b>a man</b> &amp; a \u201cdog\u201d \u2013 it\u2019s \uff4f\uff4b\u2026")
    " a man  & a  dog  - it's ok , "
    """
    if not _SUSPECT.search(text):
        return text
    if "&" in text:
        text = html.unescape(html.unescape(text))
    text = _TAG.sub(_break, text.replace("\n", " ").replace("\t", " "))
    text = _QUOTED.sub(_unquoted, text)
    file_name = " " not in text.strip()
    text = text.replace("_", " ")
    if not text.isascii():
        text = _MARK.sub(_replaced, _APOSTROPHE.sub("'", text))
        text = unicodedata.normalize("NFC", text)
    if file_name:
        text = text.replace("-", " ")
    return _ELLIPSIS.sub(" , ", text)


def _unquoted(quoted: re.Match[str]) -> str:
    """`the boat "Lady Bird"`, `a sign that reads "no riding of horses"`: names and lettering state nothing."""
    words = next(filter(None, quoted.groups()[1:])).split()
    name = all(not word[0].islower() for word in words) and not quoted.string.isupper()
    if not quoted.start() or not (name or len(words) > 2):
        return quoted[0]
    return f"{quoted[1]}text" if quoted.string[: quoted.start()].endswith(_SAID) else quoted[1]


def _break(tag: re.Match[str]) -> str:
    return " . " if (tag[1] or "").lower() in _BREAKS else " "


def _replaced(mark: re.Match[str]) -> str:
    return _ascii(mark[0])


@cache
def _ascii(mark: str) -> str:
    if mark in _MARKS:
        return _MARKS[mark]
    name = unicodedata.name(mark, "").split()
    if not _DASHES.isdisjoint(name):
        return " - "
    if not _SHAPES.isdisjoint(name):
        return " | "
    category, form = unicodedata.category(mark), unicodedata.normalize("NFKC", mark)
    if category == "No":
        return f" {form} "
    return form if form.isascii() and category != "So" else _CATEGORIES.get(category, form)
