"""Logs a repeated error once."""

import logging

from shared.errors import AisleError


def trace_of(error: Exception) -> Exception | None:
    """The error, for `exc_info`, if it is unexpected.

    Returns None for an AisleError or a system error, which need no trace.
    """
    return None if isinstance(error, AisleError | OSError) else error


class LogOnce:
    """Logs an error the first time. Logs it again only after another error or after a recovery."""

    def __init__(self, logger: logging.Logger, sentence: str) -> None:
        """`sentence` has one %s, for the error."""
        self._logger = logger
        self._sentence = sentence
        self._logged = ""

    def log(self, error: Exception) -> None:
        """Log an error unless it equals the last one logged.

        An unexpected one is logged with its trace.
        """
        if (message := str(error) or type(error).__name__) != self._logged:
            self._logged = message
            self._logger.error(self._sentence, message, exc_info=trace_of(error))

    def recovered(self) -> None:
        """Record a recovery. The same error will be logged again if it comes back."""
        self._logged = ""
