"""A tokenizer of whole words behind open_clip's tokenizer interface, for the small CLIP."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from relclip.core.atomic import write_text
from relclip.core.errors import ContractError

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
#: 0 is padding.
START, UNKNOWN, FIRST_WORD = 1, 2, 3


def words_of(text: str) -> list[str]:
    """Lower-case words of a text, punctuation left out: "A dog's bed!" -> ["a", "dog's", "bed"]."""
    return _WORD.findall(text.lower())


class WordTokenizer:
    """Ids: 0 padding, 1 start, 2 unknown word, 3.. words, the highest id ends a text (open_clip pools there)."""

    def __init__(self, words: Sequence[str], context_length: int) -> None:
        self.words = tuple(words)
        self.context_length = context_length
        self._ids = {word: number for number, word in enumerate(self.words, FIRST_WORD)}
        self.end = FIRST_WORD + len(self.words)
        self.vocab_size = self.end + 1

    def __call__(self, texts: str | Sequence[str], context_length: int | None = None) -> Tensor:
        """Token ids of texts, (T, context_length) int64; a longer text loses its last words, never its end token."""
        texts = [texts] if isinstance(texts, str) else texts
        length = context_length or self.context_length
        tokens = torch.zeros((len(texts), length), dtype=torch.int64)
        for row, text in enumerate(texts):
            ids = [START, *(self._ids.get(word, UNKNOWN) for word in words_of(text))][: length - 1]
            tokens[row, : len(ids) + 1] = torch.tensor([*ids, self.end])
        return tokens

    def unknown(self, text: str) -> list[str]:
        """The words of a text that it reads as any other; the text itself where it finds no word in it."""
        words = words_of(text)
        return [word for word in words if word not in self._ids] if words else [text]

    def save(self, path: Path) -> None:
        """Write words.txt, one word a line in the order of their ids."""
        write_text(path, "\n".join(self.words) + "\n")


def collect_words(texts: Iterable[str]) -> list[str]:
    """Every distinct word of the texts, sorted: the same texts in any order give the same ids."""
    return sorted({word for text in set(texts) for word in words_of(text)})


def load_words(path: Path) -> list[str]:
    """Read words.txt; raises ContractError where a line is no single word or a word comes twice."""
    words = path.read_text("utf-8").split("\n")[:-1]
    if len(set(words)) != len(words) or any(words_of(word) != [word] for word in words):
        raise ContractError(
            f"{path} must hold one distinct lower-case word a line; make the CLIP folder again"
        )
    return words
