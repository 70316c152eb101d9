"""The part of a test's retrieval that says why products are not on a page."""

from dataclasses import dataclass, field
from typing import Any

from aisle.v1.retrieval_pb2 import AccountForRequest, AccountForResponse, HeldWords
from aisle.v1.search_pb2 import (
    ABSENCE_REASON_MISSING_WORDS,
    ABSENCE_REASON_OTHER_PAGE,
    ABSENCE_REASON_OTHER_VARIANT,
    ABSENCE_REASON_UNKNOWN,
    Absence,
)

ACCOUNTS = {
    "behind": Absence(reason=ABSENCE_REASON_OTHER_PAGE, position=7),
    "variant": Absence(reason=ABSENCE_REASON_OTHER_VARIANT, shown_product_id="p48"),
    "hat": Absence(reason=ABSENCE_REASON_MISSING_WORDS, words=["shoe"]),
}
UNKNOWN = Absence(reason=ABSENCE_REASON_UNKNOWN)


@dataclass
class Accounting:
    """Knows the products of ACCOUNTS alone."""

    accounts: list[AccountForRequest] = field(default_factory=list)
    account_error: Exception | None = None

    async def AccountFor(self, request: AccountForRequest, context: Any = None) -> AccountForResponse:
        self.accounts.append(request)
        if self.account_error:
            raise self.account_error
        response = AccountForResponse(held=[HeldWords(words=["red"])] * len(request.product_ids))
        for product_id in request.product_ids:
            response.absences.append(ACCOUNTS.get(product_id, UNKNOWN))
            response.absences[-1].product_id = product_id
        return response
