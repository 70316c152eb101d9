"""A simulated shopper, who scans a page, clicks products by fit and taste, and sometimes buys.

How they look through it is a model of clicks (click_models.py). Attraction comes from the grade, from
taste, and from what everybody wants at the time (season.py). Impressions are not sent, because
the server logs its pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sample.click_models import ClickModel, Glance, position_based
from sample.product import FIRST_DAY, Made
from sample.season import NOTHING, Wants
from sample.vocabulary import COLOR

Event = dict[str, Any]

ATTRACTION = (0.02, 0.08, 0.25, 0.6)  # by grade
MOST = 0.95  # nothing attracts more
# Of clicks that end in the cart; of carts that end in a purchase
CART = 0.35
PURCHASE = 0.5
# How much each taste multiplies attraction
BRAND = 1.8
COLOR_TASTE = 1.3
PRICE = 0.5
START = FIRST_DAY + timedelta(days=760)


@dataclass(frozen=True)
class Persona:
    """The taste of one visitor, independent of the query."""

    visitor_id: str
    brands: tuple[str, ...]
    colors: tuple[str, ...]
    level: float  # the price level of the brands they buy; 1 is the middle


@dataclass(frozen=True)
class Shown:
    """One result of a page, with its grade for the query asked."""

    made: Made
    grade: int


class Shopper:
    """One visitor over several sessions. The same persona and seed give the same events."""

    def __init__(
        self,
        persona: Persona,
        seed: int,
        start: datetime = START,
        looks: ClickModel = position_based,
        wants: Wants = NOTHING,
    ) -> None:
        self.persona = persona
        self._random = Random(f"{seed}/shopper/{persona.visitor_id}")
        self._now = start
        self._looks = looks
        self._wants = wants
        self._sessions = 0
        self._events = 0

    def visit(self, query_id: str, page: Sequence[Shown], moment: datetime | None = None) -> list[Event]:
        """This shopper's actions on one page: UserEvent-shaped dicts in order of time.

        The page is shown at `moment`; None: some time after the last one.
        """
        self._begin(moment)
        glances = [Glance(self._attraction(shown), shown.grade) for shown in page]
        events: list[Event] = []
        for place in self._looks(self._random, glances):
            events.extend(self._takes(query_id, place + 1, page[place]))
        return events

    @property
    def now(self) -> datetime:
        """When this shopper's last action was."""
        return self._now

    def clicks_anything(self, query_id: str, page: Sequence[Made], moment: datetime) -> list[Event]:
        """A click on any product of a page, whatever it is: as if clicks had been shuffled."""
        self._begin(moment)
        if not page:
            return []
        place = self._random.randrange(len(page))
        return [self._event("click", query_id, place + 1, Shown(page[place], 0))]

    def _begin(self, moment: datetime | None) -> None:
        self._sessions += 1
        self._now = moment or self._now + timedelta(minutes=self._random.randrange(30, 6000))

    def _attraction(self, shown: Shown) -> float:
        wanted = self._wants.factor(shown.made, self._now)
        return min(MOST, attraction(self.persona, shown) * wanted)

    def _takes(self, query_id: str, position: int, shown: Shown) -> list[Event]:
        events = [self._event("click", query_id, position, shown)]
        if self._random.random() < CART * shown.grade / 3:
            events.append(self._event("add_to_cart", query_id, position, shown))
            if self._random.random() < PURCHASE:
                events.append(self._event("purchase", query_id, position, shown))
        return events

    def _event(self, action: str, query_id: str, position: int, shown: Shown) -> Event:
        self._events += 1
        self._now += timedelta(seconds=self._random.randrange(3, 90))
        product: Event = {"product_id": shown.made.product_id, "position": position}
        if action != "click":
            price = shown.made.row["price"]
            product |= {
                "quantity": 1,
                "price": price["amount"],
                "currency_code": price["currency_code"],
            }
        return {
            "event_id": f"{self.persona.visitor_id}-{self._events:05d}",
            "action": action,
            "visitor_id": self.persona.visitor_id,
            "session_id": f"{self.persona.visitor_id}-s{self._sessions:03d}",
            "event_time": self._now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "query_id": query_id,
            "products": [product],
        }


def attraction(persona: Persona, shown: Shown) -> float:
    """Chance that a product is clicked once seen: its grade, bent by taste."""
    model = shown.made.model
    taste = (BRAND if model.brand.name in persona.brands else 1.0) * (
        COLOR_TASTE if model.value(COLOR) in persona.colors else 1.0
    )
    distance = max(0.0, abs(model.brand.level - persona.level) - 0.15)
    return min(MOST, ATTRACTION[shown.grade] * taste / (1 + PRICE * distance / 0.3))


def personas(catalog: Sequence[Made], count: int, seed: int, name: str = "v") -> list[Persona]:
    """Visitors whose tastes agree with each other: the brands they like share a price level."""
    random = Random(f"{seed}/personas")
    brands = list(dict.fromkeys(made.model.brand for made in catalog))
    colors = sorted({str(color) for made in catalog if (color := made.model.value(COLOR))})
    made_up: list[Persona] = []
    for number in range(count):
        level = random.choice((0.75, 1.0, 1.3))
        liked = [brand.name for brand in brands if abs(brand.level - level) <= 0.15]
        favourites = tuple(random.sample(liked, min(5, len(liked))))
        made_up.append(Persona(f"{name}{number:04d}", favourites, tuple(random.sample(colors, 3)), level))
    return made_up
