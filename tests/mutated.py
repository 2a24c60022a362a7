"""Small valid inputs, spoilt as hypothesis draws: values of a document swapped or gone, bytes of a file changed."""

import json
from contextlib import suppress
from copy import deepcopy

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from relclip.core import command
from relclip.core.errors import RelclipError

#: A fixed seed and a small budget: the same examples in every run. To look further, raise the number here.
SMALL = settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
#: What stands where it must not: other types, numbers beyond each bound, text for no terminal and no file system.
VALUES = (
    *(None, True, -1, 0, 3, 1.9, 1 << 40, -(1 << 70), 10**400, 1e308, -1e308, float("nan"), float("inf")),
    *(
        "",
        "1",
        "\x1b[31mred\n",
        "\ud800",
        "../../up",
        "\0",
        "long " * 1000,
        [],
        {},
        [[]],
        {"id": []},
        [None] * 4,
    ),
)
#: Written as so many brackets: no writer of JSON nests as deeply as a reader can meet.
DEEP = {f"<deep {depth}>": "[" * depth + "]" * depth for depth in (200, 900, 100_000)}


@st.composite
def documents(draw, document):
    """A JSON document (or any lists and dicts) with one to three values swapped for VALUES, or gone."""
    document = deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        holder, key = None, None
        while True:
            value = document if holder is None else holder[key]
            if (
                not isinstance(value, dict | list)
                or not value
                or (holder is not None and draw(st.booleans()))
            ):
                break
            holder = value
            key = draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        if holder is None:
            return draw(st.sampled_from(VALUES))
        if draw(st.integers(0, 4)) == 0:
            del holder[key]
        else:
            holder[key] = deepcopy(draw(st.sampled_from((*VALUES, *DEEP))))  # a later change may be inside it
    return document


def as_json(document):
    """Its text, with brackets for the names in DEEP."""
    text = json.dumps(document)
    for name, brackets in DEEP.items():
        text = text.replace(f'"{name}"', brackets)
    return text


@st.composite
def contents(draw, content):
    """Bytes with a few changed, cut out, or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(start + draw(st.sampled_from([0, 1, 1, 4, 50, 10_000])), len(content))
        content = content[:start] + draw(st.binary(max_size=8)) + content[end:]
    return content


def ends_well(act, *outputs):
    """Call `act`: it succeeds, or says one short sentence and none of `outputs` is there."""
    try:
        act()
    except RelclipError as error:
        said = command.sentence(str(error))
        assert said.isprintable() and 10 < len(said) < 5000, said
        for output in outputs:
            assert not output.exists() and not list(output.parent.glob(f".{output.name}.*"))
        return said
    return None


def tried(make):
    """What `make` gives; None where the spoilt value cannot be written at all."""
    with suppress(Exception):
        return make()
    return None
