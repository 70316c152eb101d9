"""Some hundred shoppers over several days: who asks what, when, and what they do with the page.

A few queries are asked often and most seldom, as in any shop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from sample.asking import Asked, called
from sample.click_models import ClickModel, position_based
from sample.intent import Intent, grade
from sample.product import Made
from sample.reading import kinds
from sample.season import NOTHING, Wants
from sample.shopper import Event, Shopper, Shown, personas


@dataclass(frozen=True)
class Visit:
    """One search of one shopper."""

    moment: datetime
    shopper: Shopper
    asked: Asked

    @property
    def visitor_id(self) -> str:
        """Who searches."""
        return self.shopper.persona.visitor_id


@dataclass
class Crowd:
    """The same catalogue, seed and start give the same visits."""

    catalog: Sequence[Made]
    seed: int
    start: datetime
    shoppers: int = 300
    queries: int = 40
    wants: Wants = NOTHING
    looks: ClickModel = position_based
    name: str = "v"  # visitor_ids begin with it
    is_aimless: bool = False  # whether they click anything at all, as if clicks were shuffled
    _by_id: dict[str, Made] = field(init=False)

    def __post_init__(self) -> None:
        self._by_id = {made.product_id: made for made in self.catalog}

    def visits(self, days: float, count: int) -> Iterator[Visit]:
        """`count` searches in `days` days, in order of time."""
        random = Random(f"{self.seed}/crowd/{self.name}")
        people = [
            Shopper(persona, self.seed, self.start, self.looks, self.wants)
            for persona in personas(self.catalog, self.shoppers, self.seed, self.name)
        ]
        questions = self.questions()
        for number in range(count):
            moment = self.start + timedelta(days=days * (number + random.random()) / count)
            yield Visit(moment, random.choice(people), self._question(questions, moment, random))

    def acts(self, visit: Visit, query_id: str, product_ids: Sequence[str], moment: datetime) -> list[Event]:
        """What the shopper does with a page, given its products in order and when it was shown."""
        page = [self._by_id[product_id] for product_id in product_ids if product_id in self._by_id]
        if self.is_aimless:
            return visit.shopper.clicks_anything(query_id, page, moment)
        shown = [Shown(made, grade(visit.asked.intent, made)) for made in page]
        return visit.shopper.visit(query_id, shown, moment)

    def questions(self) -> list[Asked]:
        """The queries, the most frequent first: product kinds, and some uses."""
        random = Random(f"{self.seed}/questions")
        plain = [Asked(key, called(key), "type") for key in kinds()]
        uses = [Asked(use.text, Intent(use.kinds), "use") for kind in kinds().values() for use in kind.uses]
        use_count = self.queries // 4
        often = random.sample(plain, self.queries - use_count)
        return [*often, *random.sample(uses, use_count)]

    def _question(self, questions: Sequence[Asked], moment: datetime, random: Random) -> Asked:
        weights = [self._wanted(one, moment) / rank for rank, one in enumerate(questions, 1)]
        drawn = random.random() * sum(weights)
        return next(
            (one for one, reached in zip(questions, accumulate(weights), strict=True) if drawn < reached),
            questions[-1],
        )

    def _wanted(self, one: Asked, moment: datetime) -> float:
        """How much more a query is asked for, by the season of what it means."""
        found = (made for made in self.catalog if made.model.kind.key in one.intent.targets)
        made = next(found, None)
        if made is None:
            return 1.0
        factor = 1.0
        for season in self.wants.seasons:
            factor *= season.wanted(made, moment)
        return factor
