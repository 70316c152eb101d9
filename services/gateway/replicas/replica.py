"""One process of a service, as this gateway knows it."""

from dataclasses import dataclass


@dataclass(eq=False)
class Replica:
    """Mutable, and the same object as long as its address is known."""

    address: str  # HOST:PORT
    ready: bool = False  # connected, and by its own word ready for calls
    in_flight: int = 0  # calls that it has not answered
    log_position: int = 0  # of the catalogue's log, which it is known to show
    turn: int = 0  # when it was asked last: a count of all calls
