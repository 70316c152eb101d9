"""Warns of prices such as "1.299" in a file whose other prices have a decimal comma."""

import re
from typing import Any

from cli.files.account import RowWarning

_LONGEST = 40  # characters; no amount needs more
_COMMA_DECIMAL = re.compile(r"[^\d.,]*\d[\d.]*,\d{1,2}[^\d.,]*")  # 19,99 and 1.299,00
_EITHER = re.compile(r"[^\d.,]*([1-9]\d{0,2}\.\d{3})[^\d.,]*")  # 1.299


class Separators:
    """Reads a lone dot as a decimal point.

    Only the whole file shows whether that is in doubt.
    """

    def __init__(self) -> None:
        self._comma = ""  # the first price with a decimal comma
        # Line and price of the first ambiguous price
        self._doubtful: tuple[int, str] | None = None
        self._count = 0

    def note(self, number: int, row: dict[str, Any]) -> None:
        """Look at those prices of a row that are texts."""
        price = row.get("price")
        for amount in (
            *(price.values() if isinstance(price, dict) else (price,)),
            row.get("original_price"),
        ):
            if not isinstance(amount, str) or len(amount) > _LONGEST:
                continue
            if not self._comma and _COMMA_DECIMAL.fullmatch(amount):
                self._comma = amount
            if found := _EITHER.fullmatch(amount):
                self._doubtful = self._doubtful or (number, found[1])
                self._count += 1

    def warning(self) -> RowWarning | None:
        """The warning at the end of the file. Returns None if no price is in doubt."""
        if not self._comma or self._doubtful is None:
            return None
        number, price = self._doubtful
        reason = (
            f"{price!r} (of {self._count:,} such prices) could be "
            f"thousands, as {self._comma!r} has a decimal comma"
        )
        remedy = f"write {price.replace('.', '')} or {price.replace('.', '')},00 for thousands"
        return RowWarning(number, "", "price", f"{reason}; {remedy}", f"read as {price}")
