"""What one chunk of captions gave, and the folder that keeps finished chunks until the stage has succeeded."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from relclip.core.atomic import make_folder, write_json
from relclip.core.digest import file_digest
from relclip.core.errors import InputError
from relclip.core.json_file import read_json
from relclip.core.parquet import EVIDENCE, write_table
from relclip.core.shard import Shard, take_up
from relclip.core.vocabulary import Vocabulary
from relclip.kb.align import Language

#: Field of `Mined` -> its name in statistics.json.
COUNTS = {
    "captions": "captions",
    "with_triplet": "captions_with_triplet",
    "without_tab": "lines_without_tab",
    "not_utf8": "lines_not_utf8",
}


@dataclass
class Mined:
    """A row a triplet and caption (four columns of one length), and the counts of the lines they came from."""

    captions: int = 0
    with_triplet: int = 0
    without_tab: int = 0
    not_utf8: int = 0
    subjects: list[int] = field(default_factory=list)
    predicates: list[int] = field(default_factory=list)
    objects: list[int] = field(default_factory=list)
    caption_ids: list[str] = field(default_factory=list)

    def add(self, triplets: Iterable[tuple[int, int, int]], caption_id: str) -> None:
        """Take in what one caption states."""
        self.with_triplet += 1
        for subject, predicate, thing in triplets:
            self.subjects.append(subject)
            self.predicates.append(predicate)
            self.objects.append(thing)
            self.caption_ids.append(caption_id)

    @classmethod
    def joined(cls, parts: Iterable["Mined"]) -> "Mined":
        """One chunk out of its blocks, in their order."""
        whole = cls()
        for part in parts:
            for name in cls.__dataclass_fields__:
                setattr(whole, name, getattr(whole, name) + getattr(part, name))
        return whole

    def table(self) -> pa.Table:
        """The rows as the evidence contract has them."""
        columns = (self.subjects, self.predicates, self.objects, self.caption_ids)
        return pa.table(
            [pa.array(values, kind) for values, kind in zip(columns, EVIDENCE.types, strict=True)],
            schema=EVIDENCE,
        )


class ChunkFolder:
    """A hidden folder beside the output with the finished chunks of one run; another input starts it afresh."""

    def __init__(
        self,
        output: Path,
        files: Sequence[Path],
        *,
        vocabulary: Vocabulary,
        language: Language,
        chunk: int,
        backend: str,
        shard: Shard,
    ) -> None:
        self.folder = output.parent / f".{output.name}.work"
        self._output = output
        make_folder(output)
        inputs = {
            "captions": [file_digest(path) for path in files],
            "rules": [file_digest(path) for path in sorted(Path(__file__).parent.rglob("*.[pyj]*[!c]"))],
            "objects": list(vocabulary.objects),
            "predicates": list(vocabulary.predicates),
            "aliases": [dict(language.object_aliases), dict(language.predicate_aliases)],
            "verbs": file_digest(language.verbs) if language.verbs else None,
            "chunk": chunk,
            "backend": backend,
        }
        self.whole = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
        take_up(self.folder, f"{self.whole} {shard}")

    def save(self, number: int, mined: Mined) -> None:
        """Keep a chunk: its rows, then its counts, whose file says that it is finished."""
        write_table(self.folder / f"chunk-{number:06d}.parquet", mined.table(), EVIDENCE)
        write_json(
            self.folder / f"chunk-{number:06d}.json",
            {name: getattr(mined, key) for key, name in COUNTS.items()},
        )

    def files(self) -> list[Path]:
        """The rows of all chunks, at least one file."""
        if not self.finished():
            self.save(0, Mined())
        return sorted(self.folder.glob("chunk-*.parquet"))

    def finished(self) -> frozenset[int]:
        """Numbers of the chunks that need not be mined again."""
        return frozenset(int(path.stem.partition("-")[2]) for path in self.folder.glob("chunk-*.json"))

    def counts(self) -> dict[str, int]:
        """The counts of all chunks, summed."""
        again = f"delete the folder {self.folder} and run the same command again"
        chunks = [read_json(path, again, InputError) for path in sorted(self.folder.glob("chunk-*.json"))]
        return {name: sum(int(counts[name]) for counts in chunks) for name in COUNTS.values()}

    def leave(self) -> None:
        """After captions that cannot be read: leave no empty folder, but keep chunks that have captions."""
        if not self.counts()["captions"]:
            self.remove()
            with suppress(OSError):
                self._output.rmdir()

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
