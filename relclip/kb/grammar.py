"""The closed classes of words, and the verbs behind the 20 predicates.

Every word gets one tag, a letter, so that phrases are regular expressions over a string of tags (`tagger`):

    d determiner, number, possessive      n noun or adjective        s plural noun
    G E F predicate verb: -ing, participle, finite     B S the same word as a noun: base form, with -s
    g e f v any other verb: -ing, participle, finite, base form      b be      t to
    m participle that joins two nouns (heart shaped box)
    p preposition    o of    c and    , comma and conjunctions of clauses    w relative pronoun
    q pronoun    r adverb, passed over    . end of sentence
"""

from dataclasses import dataclass

CLOSED = {
    "d": """a an the this these those his her their its my your our some any every another other no
        several many few two three four five six seven eight nine ten eleven twelve 2 3 4 5 6 7 8 9 10 dozen one
        various multiple numerous most 's '""",
    "b": "is are was were be been being am gets get getting 're appears seems",
    "t": "to",
    "o": "of",
    "c": "and or & plus",
    ",": ", ; : -- - while as when where because after before so but if ( ) then",
    "w": "that which who whom whose",
    "q": "it them they he she him i we us you someone somebody something everyone there himself herself itself",
    "r": """down up away together alone out around outside outdoors indoors also just still very quite
        partially partly completely fully lightly heavily slightly mostly entirely all both each quietly happily
        peacefully loosely currently now not sideways upright straight almost nearly only even already calmly
        carefully casually comfortably patiently bareback ready about able here back upside
        downward low high freely closely neatly busy too cross-legged '' ``""",
    "p": """on in from with by at near under behind over above through across along against between beside
        beneath below beyond inside off onto into upon atop for toward towards past without among
        amongst alongside underneath next like during within via aboard until throughout despite""",
    ".": ". ! ? |",
}

#: Whole phrases that act as one word, replaced in the text before it is split.
PHRASES = {
    " as well as ": " and ",
    " on top of ": " atop ",
    " on the top of ": " atop ",
    " side by side ": " ",
    " out of ": " off ",
    " next to ": " beside ",
    " cross legged ": " ",
    " snow-covered ": " snow covered ",
    " close up of ": " photo of ",
    " close-up of ": " photo of ",
}


@dataclass(frozen=True)
class Verb:
    """How one lemma becomes predicates.

    Forms stand in one string; `base` and `ambiguous` (its -s form) are also nouns: a stand, two stands.
    `direct`: predicate of a direct object, and, turned round, of `participle by`. `prepositions`: preposition,
    predicate. `subject`: who may do it: animate, body (whoever has one: nothing worn or held), thing, any.
    """

    gerund: str
    participle: str
    finite: str
    base: str = ""
    ambiguous: str = ""
    direct: str = ""
    prepositions: tuple[tuple[str, str], ...] = ()
    subject: str = "any"

    def forms(self) -> list[str]:
        """All forms of the verb."""
        return " ".join((self.gerund, self.participle, self.finite, self.base, self.ambiguous)).split()


_ON = ("on", "upon", "atop")


def _on(predicate: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, predicate) for word in _ON)


_IN = (("in", "walking in"),)
_FROM = (("from", "hanging from"),)

VERBS = (
    Verb("carrying carring carying", "carried", "carries carry", direct="carrying", subject="animate"),
    Verb("covering", "covered coverd", "", "cover", "covers", direct="covering"),
    Verb("eating", "eaten", "eats ate eat", direct="eating", subject="animate"),
    Verb("flying", "flown", "flew fly flies", prepositions=(("in", "flying in"),)),
    Verb("growing", "grown", "grows grew grow", prepositions=_on("growing on"), subject="thing"),
    Verb("hanging", "hung", "hangs hang", prepositions=_FROM, subject="thing"),
    Verb("lying laying", "laid", "lies lays lie lay", prepositions=_on("lying on"), subject="body"),
    Verb("", "mounted", "", prepositions=_on("mounted on"), subject="thing"),
    Verb("", "painted", "", prepositions=_on("painted on"), subject="thing"),
    Verb("parking", "parked", "", prepositions=_on("parked on"), subject="thing"),
    Verb("playing", "played", "", "play", "plays", "playing", subject="animate"),
    Verb("riding", "ridden", "rode", "ride", "rides", "riding", _on("riding"), subject="animate"),
    Verb("saying", "", "says said", direct="says", subject="thing"),
    Verb("sitting siting seating", "seated", "sits sat sit", prepositions=_on("sitting on"), subject="body"),
    Verb("standing", "", "stood", "stand", "stands", prepositions=_on("standing on"), subject="body"),
    Verb("using", "used", "", "use", "uses", "using", subject="animate"),
    Verb("walking", "walked", "", "walk", "walks", "", _IN + _on("walking on"), subject="animate"),
    Verb("watching observing", "watched observed", "", "watch", "watches", "watching", subject="animate"),
)
