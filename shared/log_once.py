"""Log an error once, however often it comes again."""

import logging

from shared.errors import AisleError


def trace_of(error: Exception) -> Exception | None:
    """The error, for `exc_info`, if it is unforeseen.

    None for one of ours or the system's, which needs no trace.
    """
    return None if isinstance(error, AisleError | OSError) else error


class LogOnce:
    """Logs an error the first time, and again only if it is another one, or if all was well in
    between.
    """

    def __init__(self, logger: logging.Logger, sentence: str) -> None:
        """`sentence` has one %s, for the error."""
        self._logger = logger
        self._sentence = sentence
        self._logged = ""

    def log(self, error: Exception) -> None:
        """Log an error that is not the last one logged; an unforeseen one with its trace."""
        if (message := str(error) or type(error).__name__) != self._logged:
            self._logged = message
            self._logger.error(self._sentence, message, exc_info=trace_of(error))

    def recovered(self) -> None:
        """All is well: the same error is logged again if it comes back."""
        self._logged = ""
