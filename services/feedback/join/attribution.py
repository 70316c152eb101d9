"""Which interactions count for which product of which page.

The order of records does not matter: the same pages and interactions give the same counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from services.feedback.join.config import JoinConfig
from services.feedback.join.observed import Interaction, Line

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
# A shopper's clock may be so far behind the gateway's
_SKEW_US = 60 * SECOND_US

NOT_SHOWN = "not_shown"
TOO_EARLY = "too_early"
TOO_ACTIVE = "too_active"
OTHER_VISITOR = "other_visitor"
TOO_LATE = "too_late"
OUT_OF_WINDOW = "out_of_window"
UNKNOWN_ACTION = "unknown_action"
COUNTED = ""

_COLUMNS = {
    "view": "views",
    "click": "clicks",
    "wishlist": "wishlists",
    "add_to_cart": "carts",
    "remove_from_cart": "removals",
    "purchase": "purchases",
}
_OPENS = ("view", "click")
_PURCHASE = "purchase"


def day_of(at_us: int) -> int:
    """The UTC day, counted from 1970-01-01."""
    return at_us // DAY_US


@dataclass(frozen=True, slots=True)
class AttributionWindows:
    """How long interactions count for a page, in microseconds."""

    click_us: int
    purchase_us: int
    late_us: int

    @classmethod
    def of(cls, config: JoinConfig) -> AttributionWindows:
        """The windows of the settings."""
        late_us = config.late_days * DAY_US
        return cls(int(config.click_seconds * SECOND_US), config.purchase_days * DAY_US, late_us)

    def ends_us(self, day: int) -> int:
        """Interactions logged after this moment do not count for the pages of the day."""
        return (day + 1) * DAY_US + self.purchase_us + self.late_us


@dataclass(frozen=True, slots=True)
class Seen:
    """The fields of a page that attribution needs."""

    at_us: int
    first: int
    visitor_id: str
    product_ids: Collection[str]


@dataclass(frozen=True, slots=True)
class Logged:
    """An interaction, and the time when it was logged."""

    interaction: Interaction
    logged_us: int


@dataclass(slots=True)
class Counts:
    """The counted interactions with one product of a page. Fields are named as the columns."""

    views: int = 0
    clicks: int = 0
    wishlists: int = 0
    carts: int = 0
    removals: int = 0
    purchases: int = 0
    purchased_quantity: int = 0
    revenue: float = 0.0
    first_open_seconds: float | None = None
    left_out: str = ""  # why no interaction counts; empty if at least one does

    def take(self, interaction: Interaction, line: Line, after_us: int) -> None:
        """Count one line; `after_us` is the time since the page was shown."""
        self.left_out = COUNTED
        column = _COLUMNS[interaction.action]
        setattr(self, column, getattr(self, column) + 1)
        if interaction.action == _PURCHASE:
            self.purchased_quantity += line.quantity
            self.revenue += line.quantity * (line.price or 0.0)
        if interaction.action in _OPENS and self.first_open_seconds is None:
            self.first_open_seconds = max(0, after_us) / SECOND_US

    @property
    def counted(self) -> bool:
        """Whether at least one interaction counts."""
        opened = self.views + self.clicks
        return bool(opened + self.wishlists + self.carts + self.removals + self.purchases)


class Attribution:
    """The interactions of one search, counted for its pages."""

    def __init__(
        self, pages: Sequence[Seen], windows: AttributionWindows, too_active: Collection[tuple[str, int]]
    ) -> None:
        """`too_active` has (visitor, day) pairs with too many interactions for a person."""
        self._pages = sorted(enumerate(pages), key=lambda each: (each[1].at_us, each[1].first), reverse=True)
        self._windows = windows
        self._too_active = too_active
        # By index in `pages`, and product
        self.counts: dict[tuple[int, str], Counts] = {}
        self.reasons: Counter[str] = Counter()  # lines by the reason why not counted, or COUNTED

    def take(self, interactions: Iterable[Logged]) -> None:
        """Count the interactions."""
        for logged in sorted(interactions, key=_order):
            for line in merged(logged.interaction.lines):
                self.reasons[self._take(logged, line)] += 1

    def _take(self, logged: Logged, line: Line) -> str:
        """Count one line. Returns why it does not count, or COUNTED."""
        at_us = logged.interaction.at_us
        shown = [(index, page) for index, page in self._pages if line.product_id in page.product_ids]
        if not shown:
            return self._take_not_shown(logged, line)
        before = [(index, page) for index, page in shown if page.at_us <= at_us + _SKEW_US]
        index, page = (before or shown)[0]
        reason = self._reason(logged, page) if before else TOO_EARLY
        counts = self.counts.setdefault((index, line.product_id), Counts())
        if reason == COUNTED:
            counts.take(logged.interaction, line, at_us - page.at_us)
        elif not counts.counted:
            counts.left_out = max(counts.left_out, reason)
        return reason

    def _take_not_shown(self, logged: Logged, line: Line) -> str:
        """Count a product that was opened but not shown, for the newest earlier page.

        Other actions do not count: the lines of an order may come from other searches.
        """
        at_us = logged.interaction.at_us
        if logged.interaction.action not in _OPENS:
            return NOT_SHOWN
        for index, page in self._pages:
            if page.at_us <= at_us + _SKEW_US:
                if reason := self._reason(logged, page):
                    return reason
                counts = self.counts.setdefault((index, line.product_id), Counts())
                counts.take(logged.interaction, line, at_us - page.at_us)
                break
        return NOT_SHOWN

    def _reason(self, logged: Logged, page: Seen) -> str:
        interaction = logged.interaction
        after_us = interaction.at_us - page.at_us
        is_purchase = interaction.action == _PURCHASE
        if interaction.action not in _COLUMNS:
            return UNKNOWN_ACTION
        if (
            self.is_too_active(page)
            or (interaction.visitor_id, day_of(interaction.at_us)) in self._too_active
        ):
            return TOO_ACTIVE
        if page.visitor_id and interaction.visitor_id != page.visitor_id:
            return OTHER_VISITOR
        if logged.logged_us > self._windows.ends_us(day_of(page.at_us)):
            return TOO_LATE
        window_us = self._windows.purchase_us if is_purchase else self._windows.click_us
        return OUT_OF_WINDOW if after_us > window_us else COUNTED

    def is_too_active(self, page: Seen) -> bool:
        """Whether a page does not count, because its visitor was too active on that day."""
        return (page.visitor_id, day_of(page.at_us)) in self._too_active


def _order(logged: Logged) -> tuple[int, str, str]:
    interaction = logged.interaction
    return interaction.at_us, interaction.visitor_id, interaction.event_id


def merged(lines: Iterable[Line]) -> list[Line]:
    """One line per product: an event counts once for each."""
    found: dict[str, Line] = {}
    for line in lines:
        before = found.get(line.product_id)
        found[line.product_id] = line if before is None else _both(before, line)
    return list(found.values())


def _both(one: Line, other: Line) -> Line:
    """Merge two order lines of one product. The price is the average by quantity."""
    quantity = one.quantity + other.quantity
    if one.price is None and other.price is None:
        return Line(one.product_id, quantity, None)
    paid = one.quantity * (one.price or 0.0) + other.quantity * (other.price or 0.0)
    return Line(one.product_id, quantity, paid / quantity)
