"""What a process says on standard error."""

import logging

_OURS = ("services", "shared")
_TALKATIVE = (
    "kafka.net.selector",  # every wait for a busy processor
    "kafka.coordinator",  # every try for a coordinator that Kafka is still making; the worker says that it waits
)


def begin() -> None:
    """Our own messages, and the warnings of libraries. Once, before anything else."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
