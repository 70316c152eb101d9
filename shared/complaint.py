"""What goes wrong again and again, told once."""

import logging

from shared.errors import AisleError


def trace_of(error: Exception) -> Exception | None:
    """For `exc_info`: the trace of an error that nobody foresaw; one of ours or the system's says enough by itself."""
    return None if isinstance(error, AisleError | OSError) else error


class Complaint:
    """Tells an error the first time, and again only when it is another one or all was well in between."""

    def __init__(self, logger: logging.Logger, sentence: str) -> None:
        """`sentence` has one %s, for the error."""
        self._logger, self._sentence = logger, sentence
        self._told = ""

    def tell(self, error: Exception) -> None:
        """Log it unless that was done already, with the trace of an error that nobody foresaw."""
        if (what := str(error) or type(error).__name__) != self._told:
            self._told = what
            self._logger.error(self._sentence, what, exc_info=trace_of(error))

    def settle(self) -> None:
        """All is well."""
        self._told = ""
