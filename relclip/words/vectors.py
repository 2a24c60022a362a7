"""Word vectors: word2vec trained on the caption corpus, read from a file in word2vec's own format, or downloaded."""

import gzip
import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gensim.models import KeyedVectors, Word2Vec

from relclip.core.captions import check, read
from relclip.core.errors import InputError, errors_as, nearest, one_line
from relclip.core.params.words import Words

LARGEST_NUMBERS = 1 << 32
#: Name -> size of the download. Kept in $GENSIM_DATA_DIR (default ~/gensim-data).
DOWNLOADS = {
    "word2vec-google-news-300": "1.7 GB",
    "glove-wiki-gigaword-50": "66 MB",
    "glove-wiki-gigaword-100": "128 MB",
    "glove-wiki-gigaword-200": "252 MB",
    "glove-wiki-gigaword-300": "376 MB",
    "fasttext-wiki-news-subwords-300": "958 MB",
    "conceptnet-numberbatch-17-06-300": "1.2 GB",
}
#: In word2vec's binary format; the others are text.
BINARY = {"word2vec-google-news-300"}
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def tokens(text: str) -> list[str]:
    """Lower-case words of a text: letters and digits, joined by inner hyphens and apostrophes."""
    return _WORD.findall(text.lower())


class Sentences:
    """The words of each caption, read anew from the files on every pass, so that memory does not grow with them."""

    def __init__(self, files: Sequence[Path], passes: int) -> None:
        check(files)
        self._files = files
        self._passes = passes
        self._passed = 0

    def __iter__(self) -> Iterator[list[str]]:
        self._passed += 1
        captions = read(self._files, f"words, pass {self._passed} of {self._passes}")
        yield from (tokens(caption) for caption, _ in captions)


def train(files: Sequence[Path], params: Words) -> KeyedVectors:
    """Train word2vec (skip-gram off, one worker: the same seed gives the same vectors) on caption files.

    Raises InputError where no word is met `params.min_count` times.
    """
    model = Word2Vec(
        vector_size=params.dimension,
        window=params.window,
        min_count=params.min_count,
        seed=params.seed,
        workers=1,
        hashfxn=stable_hash,
    )
    sentences = Sentences(files, params.epochs + 1)
    model.build_vocab(corpus_iterable=sentences)
    if not model.wv.key_to_index:
        raise InputError(
            f"no word is met {params.min_count} times in {', '.join(map(str, files))}; "
            "give more captions (caption<TAB>id), a lower words.min_count, or a file of vectors as words.source"
        )
    model.train(corpus_iterable=sentences, total_examples=model.corpus_count, epochs=params.epochs)
    return model.wv


def read_vectors(source: str) -> KeyedVectors:
    """Read the vectors of `words.source`: a file, or the name of a download (DOWNLOADS).

    Raises InputError as `load` and `fetch` do.
    """
    if source in DOWNLOADS and not Path(source).exists():
        return load(fetch(source), binary=source in BINARY)
    if not Path(source).exists():
        raise InputError(
            f"words.source is '{source}', which is no file and no download{nearest(source, DOWNLOADS)}; give "
            f"captions, a file in word2vec's format, or one of {', '.join(DOWNLOADS)}"
        )
    return load(Path(source))


def load(path: Path, *, binary: bool = False) -> KeyedVectors:
    """Read vectors in word2vec's text format (binary if the name has `.bin`; gzip if it ends in `.gz`); no pickle.

    Raises InputError where the file is missing, damaged, or announces more numbers than fit in memory.
    """
    _check_header(path)
    try:
        return KeyedVectors.load_word2vec_format(
            str(path), binary=binary or ".bin" in path.name, unicode_errors="replace"
        )
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{path} is not in word2vec's format ({error}); first line: words dimension"
        ) from None


def stable_hash(word: str) -> int:
    """A hash that does not change from one Python process to the next."""
    return zlib.crc32(word.encode("utf-8", "replace"))


def _check_header(path: Path) -> None:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            words, dimension = map(int, file.readline(100).split())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"the word vectors {path} cannot be read ({error}); give words.source 'captions' or a file"
        ) from None
    except ValueError:
        raise InputError(
            f"{path} is not in word2vec's format: its first line must be `words dimension`"
        ) from None
    if not (words > 0 and dimension > 0 and words * dimension <= LARGEST_NUMBERS):
        raise InputError(
            f"{path} announces {words} words of {dimension} numbers; allowed: 1 to {LARGEST_NUMBERS} numbers in all"
        )


def fetch(name: str) -> Path:
    """Download the vectors `name`, unless they were before, and return the file; gensim checks its MD5.

    The loader in Python that gensim-data brings with each file is not run. Raises InputError where it cannot be had.
    """
    import gensim.downloader  # noqa: PLC0415

    where = f"{gensim.downloader.DOWNLOAD_BASE_URL}/{name}/{name}.gz"
    put = f"put it anywhere here{' as ' + name + '.bin.gz' if name in BINARY else ''}"
    with (
        errors_as(
            lambda error: InputError(
                f"the word vectors '{name}' ({DOWNLOADS[name]}) could not be downloaded ({one_line(error, 120)}); "
                f"on a machine with network fetch {where}, {put} and set words.source to its path"
            )
        ),
        _quiet(),
    ):
        return Path(gensim.downloader.load(name, return_path=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without gensim's own traceback where there is no network."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
