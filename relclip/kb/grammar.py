"""The closed classes of English words, one letter each, so that phrases are regular expressions over a string of tags.

d determiner, number, possessive      z the same in the negative (no, neither)      n s noun or adjective, plural
    y person or animal      k plural that is a verb's form in -s too      i noun in -ing that is a verb's form too
g e f B S v a verb: -ing, participle, finite; a base form or one in -s that is a noun too; base form
b be      t to      m participle that joins two nouns (heart shaped box)      ' possessive
p preposition    o of    c and    , comma and conjunctions of clauses    w relative pronoun
q pronoun    r l adverb, one that is no direction, passed over    x not, or only thought of    . end of sentence
Y K for a moment: plural of y, n that is a base form too
"""


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


CLOSED = {
    "A": "a an",
    "h": "his her their its",
    "d": """the this these those my your our some any every another other
        several many few two three four five six seven eight nine ten eleven twelve 2 3 4 5 6 7 8 9 10 dozen one
        various multiple numerous most '""",
    "z": "no neither zero",
    "x": """not never nor hardly barely rarely seldom isnt arent wasnt werent dont doesnt didnt cant wont
        nowhere unable would could should must might""",
    "b": "is are was were be been being am gets get getting 're appears seems",
    "t": "to",
    "o": "of",
    "'": "'s",
    "c": "and or & plus so_does so_do",
    ",": """, ; : -- - while whilst as when where because after before so but if unless whether although though
        meanwhile however ( ) then""",
    "w": "that which who whom whose",
    "q": """it them they he she him i we us you someone somebody something everyone there himself herself itself
        nobody nothing none""",
    "r": """down up away together alone out around outside outdoors indoors also just still very quite
        all both each now sideways upright straight almost even already bareback ready able here back upside
        downward low high busy too cross-legged '' ``""",
    "l": "partly only nearly how _",
    "p": """on in from with by at near under behind over above through across along against between beside
        beneath below beyond inside off onto into upon for toward towards past without among
        amongst alongside underneath next_to like during within via aboard until throughout despite about
        unlike except excluding minus besides amid atop on_top_of in_front_of out_of close_to part_of""",
    ".": ". ! ? |",
}
#: Word -> its class.
TAG = {word: tag for tag, words in CLOSED.items() for word in words.split()}

#: Whole phrases that act as one word, replaced in the text before it is split.
PHRASES = {
    " as well as ": " and ",
    " not only ": " ",
    " but also ": " and ",
    " n ": " and ",
    "-covered ": " covered ",
    "-haired ": " haired ",
    "-legged ": " legged ",
    " side by side ": " ",
    " about to ": " to ",
    " on top of ": " on_top_of ",
    " in front of ": " in_front_of ",
    " out of ": " out_of ",
    " next to ": " next_to ",
    " close to ": " close_to ",
    " cross legged ": " ",
    " stock photo": " | photo",
    " stock image": " | image",
    " stock footage": " | footage",
    " close up of ": " photo of ",
    " close-up of ": " photo of ",
    " can't ": " not ",
    " won't ": " not ",
    " cannot ": " not ",
    " yet to ": " not to ",
    " and then ": " and ",
    " and so is ": " so_does ",
    " and so are ": " so_does ",
    " and so do": " so_do",
    " as does ": " so_does ",
    " as do ": " so_does ",
    " like to ": " want to ",
    " in order to ": " to ",
    " no longer ": " not ",
    " no one ": " nobody ",
    " none of ": " no ",
    " neither of ": " no ",
    " nothing except ": " nothing but ",
    " nobody except ": " nobody but ",
    " except for ": " except ",
    " other than ": " except ",
    " instead of ": " without ",
    " rather than ": " without ",
    "n't ": " not ",
}

#: Nouns that make a preposition of what stands around them: on the side of, at the back of.
RELATIONAL = word_set("""front back top side sides bottom middle center centre edge edges end left right corner rear
    face inside outside part""")
#: And so does.
DITTO = frozenset(word for word in CLOSED["c"].split() if word.startswith("so_"))
#: Forms of `be` that only one does: a horse and a man is riding it.
ONE_IS = frozenset(("is", "was", "'s"))
#: Finite forms of `be`.
IS = ONE_IS | {"are", "were"}
#: Nobody does it, nothing is it.
NOBODY = word_set("nobody nothing none")
#: What follows is not there, or is not meant.
WITHOUT = word_set("without unlike except excluding minus")
#: What follows may not be so.
IF = word_set("if unless whether")
#: Preposition -> others that mean it, where these are no predicates of their own.
LIKE = {
    "on": ("upon",),
    "under": ("beneath", "underneath", "below"),
    "in": ("within",),
    "in_front_of": ("in front of", "on front of", "at front of"),
    "on back of": ("at back of", "on rear of", "at rear of"),
}
