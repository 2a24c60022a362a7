"""Word vectors that gensim's downloader offers, by their names there: GloVe, word2vec and others."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relclip.core.errors import InputError

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


def fetch(name: str) -> Path:
    """Download the vectors `name`, unless they were before, and return the file; gensim checks its MD5.

    The loader in Python that gensim-data brings with each file is not run. Raises InputError where it cannot be had.
    """
    import gensim.downloader  # noqa: PLC0415

    try:
        with _quiet():
            return Path(gensim.downloader.load(name, return_path=True))
    except Exception as error:  # gensim raises Exception itself where the checksum differs
        where = f"{gensim.downloader.DOWNLOAD_BASE_URL}/{name}/"
        raise InputError(
            f"the word vectors '{name}' ({DOWNLOADS[name]}) could not be downloaded "
            f"({' '.join(str(error).split())[:120]}); on a machine with network fetch {where}{name}.gz, put it "
            f"anywhere here{' as ' + name + '.bin.gz' if name in BINARY else ''} and set words.source to its path"
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without gensim's own traceback where there is no network."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
