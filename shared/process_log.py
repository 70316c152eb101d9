"""What a process says on standard error."""

import logging

_OURS = ("services", "shared")
_TALKATIVE = (
    "kafka.net.selector",  # every wait for a busy processor
    "kafka.coordinator.consumer",  # that a consumer without a group commits nothing, as is wanted
)


def begin() -> None:
    """Our own messages, and the warnings of libraries. Once, before anything else."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
