"""A process of a service, as this gateway knows it."""

from dataclasses import dataclass


@dataclass(eq=False)
class Replica:
    """A mutable record that is kept as long as the address is known."""

    address: str  # HOST:PORT
    ready: bool = False  # connected, and SERVING by its own health check
    in_flight: int = 0  # calls that it has not answered
    log_position: int = 0  # of the catalogue's log, which it is known to show
    turn: int = 0  # when it was last called: a count of all calls
