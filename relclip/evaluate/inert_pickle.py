"""A reader of pickles that can run nothing: it knows numbers, texts, lists, dicts, tensors and a class without methods.

Python's pickle module is not used. Of its instructions (protocol 2, which torch.save writes) those are understood
that such values need; a name of anything to import must be on a short list and is never imported.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from relclip.core.errors import InputError

#: Instructions of one stream, values that wait on its stack, digits of a number that may be a key: twice what a dump of
#: all of Visual Genome's test has (7 million), and little enough for a file that was made to fill memory or time.
MOST_STEPS, MOST_WAITING, LARGEST_KEY = 1 << 24, 1 << 20, 1 << 60
LONGEST_KEY, MOST_SIDES = 1 << 12, 1 << 8
#: What instructions may find in a stream that was cut short or made up.
_DAMAGE = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError, struct.error)
_TENSORS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
_DICT, _SIZE = "collections.OrderedDict", "torch.Size"
#: Two bytes that are the upper half of a float32: numpy has no such number.
BFLOAT16 = "V2"
#: Storage class of torch -> numpy type, little-endian.
STORAGES = {
    "torch.BFloat16Storage": BFLOAT16,
    "torch.FloatStorage": "<f4",
    "torch.DoubleStorage": "<f8",
    "torch.HalfStorage": "<f2",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
}
_ALLOWED = {*_TENSORS, _DICT, _SIZE, *STORAGES}
_BOXES = ".structures.bounding_box.BoxList"  # maskrcnn_benchmark, pysgg and other copies


@dataclass(frozen=True)
class Name:
    """A name that the stream would import. It stays a name."""

    path: str


@dataclass
class BoxList:
    """The attributes of a peer's BoxList, as they were written; no behaviour."""

    attributes: dict[str, Any] = field(default_factory=dict)


class InertPickle:
    """Reads one value from `data` (bytes or a memory map) at `position`; afterwards that is the first byte behind it.

    tensor(storage, offset, size, stride) and storage(id) say what stands for a tensor and for its memory.
    """

    def __init__(
        self, data: Any, position: int, tensor: Callable[..., Any], storage: Callable[[tuple[Any, ...]], Any]
    ) -> None:
        self.position = position
        self._data, self._tensor, self._storage = data, tensor, storage
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """Return the value. Raises InputError with one sentence for a foreign name or a stream that is damaged."""
        try:
            steps = 0
            while (instruction := self._take(1)) != b".":
                _INSTRUCTIONS[instruction](self)
                steps += 1
                if steps > MOST_STEPS or len(self._stack) + len(self._marks) > MOST_WAITING:
                    raise ValueError("more instructions or open lists than any dump has")
            return self._stack.pop()
        except _DAMAGE as error:
            raise InputError(
                f"its pickle cannot be read at byte {self.position} ({type(error).__name__}: {error}); only what"
                " torch.save writes of dicts, lists, tensors and BoxLists is understood"
            ) from None

    def _take(self, count: int) -> bytes:
        end = self.position + count
        taken = bytes(self._data[self.position : end])
        if len(taken) < count:
            raise ValueError("the file ends too early")
        self.position = end
        return taken

    def _number(self, kind: str) -> Any:
        return struct.unpack(kind, self._take(struct.calcsize(kind)))[0]

    def _line(self) -> str:
        end = self._data.find(b"\n", self.position, self.position + 512)
        if end < 0:
            raise ValueError("a name without end")
        line = self._take(end + 1 - self.position)
        return line[:-1].decode()

    def _push_number(self, kind: str) -> None:
        self._stack.append(self._number(kind))

    def _text(self) -> None:
        self._stack.append(self._take(self._number("<I")).decode())

    def _long(self) -> None:
        self._stack.append(int.from_bytes(self._take(self._number("B")), "little", signed=True))

    def _global(self) -> None:
        path = f"{self._line()}.{self._line()}".replace("torch.cuda.", "torch.")
        if path not in _ALLOWED and not f".{path}".endswith(_BOXES):
            raise InputError(
                f"it asks for {path[:100]}, which is neither a tensor nor a BoxList; it was refused and nothing was run"
            )
        self._stack.append(Name(path))

    def _call(self) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        if name.path in _TENSORS:
            self._stack.append(self._tensor(*arguments[:4]))
        elif name.path == _DICT and arguments == ():
            self._stack.append({})
        elif name.path == _SIZE:
            if len(arguments[0]) > MOST_SIDES:  # each call copies them
                raise ValueError("a shape of more sides than any tensor has")
            self._stack.append(tuple(arguments[0]))
        else:
            raise ValueError(f"a call of {name.path}")

    def _new(self) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        if arguments != () or not f".{name.path}".endswith(_BOXES):
            raise ValueError(f"an object of {name.path}")
        self._stack.append(BoxList())

    def _build(self) -> None:
        attributes = self._stack.pop()
        if not isinstance(self._stack[-1], BoxList) or not isinstance(attributes, dict):
            raise ValueError("attributes of something that is no BoxList")
        self._stack[-1].attributes = attributes

    def _since_mark(self) -> list[Any]:
        mark = self._marks.pop()
        items = self._stack[mark:]
        del self._stack[mark:]
        return items

    def _tuple(self, count: int | None = None) -> None:
        if count is None:
            items = self._since_mark()
        else:
            items = self._stack[-count:]
            del self._stack[-count:]
        self._stack.append(tuple(items))

    def _append(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise ValueError("an item for something that is no list")
        self._stack[-1].extend(items)

    def _set(self, items: list[Any]) -> None:
        keys = items[::2]
        if not isinstance(self._stack[-1], dict) or not all(_is_key(key) for key in keys):
            raise ValueError("a key that is neither a short text nor a number of 60 bits")
        self._stack[-1].update(zip(keys, items[1::2], strict=True))

    def _put(self, kind: str) -> None:
        self._memo[self._number(kind)] = self._stack[-1]

    def _get(self, kind: str) -> None:
        self._stack.append(self._memo[self._number(kind)])

    def _set_one(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def _persistent(self) -> None:
        self._stack.append(self._storage(self._stack.pop()))


def _is_key(value: Any) -> bool:
    """A text or number whose place in a dict nobody can choose: numbers beyond 61 bits fall onto one another."""
    if isinstance(value, str):
        return len(value) <= LONGEST_KEY
    return isinstance(value, int) and abs(value) <= LARGEST_KEY


_INSTRUCTIONS: dict[bytes, Callable[[InertPickle], None]] = {
    b"\x80": lambda reader: reader._number("B"),
    b"(": lambda reader: reader._marks.append(len(reader._stack)),
    b"}": lambda reader: reader._stack.append({}),
    b"]": lambda reader: reader._stack.append([]),
    b")": lambda reader: reader._stack.append(()),
    b"N": lambda reader: reader._stack.append(None),
    b"\x88": lambda reader: reader._stack.append(True),
    b"\x89": lambda reader: reader._stack.append(False),
    b"J": lambda reader: reader._push_number("<i"),
    b"K": lambda reader: reader._push_number("B"),
    b"M": lambda reader: reader._push_number("<H"),
    b"G": lambda reader: reader._push_number(">d"),
    b"\x8a": InertPickle._long,
    b"X": InertPickle._text,
    b"c": InertPickle._global,
    b"R": InertPickle._call,
    b"\x81": InertPickle._new,
    b"b": InertPickle._build,
    b"t": InertPickle._tuple,
    b"\x85": lambda reader: reader._tuple(1),
    b"\x86": lambda reader: reader._tuple(2),
    b"\x87": lambda reader: reader._tuple(3),
    b"a": lambda reader: reader._append([reader._stack.pop()]),
    b"e": lambda reader: reader._append(reader._since_mark()),
    b"s": InertPickle._set_one,
    b"u": lambda reader: reader._set(reader._since_mark()),
    b"q": lambda reader: reader._put("B"),
    b"r": lambda reader: reader._put("<I"),
    b"h": lambda reader: reader._get("B"),
    b"j": lambda reader: reader._get("<I"),
    b"Q": InertPickle._persistent,
}
