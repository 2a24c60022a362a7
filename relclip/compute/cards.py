"""Which of a machine's cards a job computes on: the one with the fewest of our jobs."""

import socket
from collections.abc import Sequence

#: Jobs of ours that one card is thought to hold at the most.
MOST_JOBS = 64
#: What this process has claimed; the system lets go of it when the process ends, however it ends.
_claims: list[socket.socket] = []


def freest(cards: Sequence[str], group: str = "", otherwise: int = 0) -> int:
    """The number of the card with the fewest processes that called this, the first of equals, claimed for this process.

    cards: what each is called on the whole machine. group: calls of one name, in whatever process, get a card each. A
    claim is a name among the system's sockets (Linux's abstract ones), which one process at a time can bear. Where the
    system has no such names: `otherwise`.
    """
    for place in range(MOST_JOBS):
        for number, card in enumerate(cards):
            names = [f"{card} {place}", *([f"{card} of {group}"] if group else [])]
            claims = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in names]
            try:
                for claim, name in zip(claims, names, strict=True):
                    claim.bind(f"\0relclip {name}")
            except OSError:
                for claim in claims:
                    claim.close()
            else:
                _claims.extend(claims)
                return number
    return otherwise
