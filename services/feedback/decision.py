"""Decides which products a record of the log counts for, from the visitor's own value.

The decision depends only on the visitor's earlier records in the same topic. So a redelivered
record and a replay are decided alike. See docs/decisions/evidence-not-floods.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from services.feedback import visitor_update
from shared.features.counted_once import names_of
from shared.features.counters import day_of
from shared.features.evidence import TOO_FAST, EvidenceLimits
from shared.features.observation import Interaction, Observation
from shared.features.spec import COUNTER_OF, SHOWN
from shared.features.visitor import Delivery, Visitor, event_name
from shared.features.watermarks import TOPIC_NUMBERS, Source


@dataclass(frozen=True, slots=True)
class Decision:
    """The delivery of a record, and the products that it counts for."""

    delivery: Delivery
    product_ids: Sequence[str] = ()  # counted for the product itself
    under_query: Sequence[str] = ()  # counted for the product under the query
    day: int = 0  # day that they count for
    counter: int = 0  # counter to increment
    # Why some products are not counted (evidence.py). Empty: all are, or it is no first delivery
    reason: str = ""


DUPLICATE = Decision(Delivery.DUPLICATE)


def decide(visitor: Visitor, observation: Observation, limits: EvidenceLimits) -> Decision:
    """Add a record to the visitor's value. Returns which of its products count."""
    name = event_name(observation.topic, observation.event_id)
    delivery = visitor.receive(source_of(observation), observation.offset, name)
    if delivery is Delivery.DUPLICATE:
        return DUPLICATE
    if delivery is Delivery.FIRST and isinstance(observation.content, Interaction):
        if not visitor.frequency.admit(
            observation.logged_seconds, limits.minute_interactions, limits.day_interactions
        ):
            return Decision(delivery, reason=TOO_FAST)
        visitor.state = visitor_update.after(visitor.state, observation.content)
    if reason := left_out(observation, limits):
        return Decision(delivery, reason=reason)
    return _counted(visitor, observation, delivery, limits)


def left_out(observation: Observation, limits: EvidenceLimits) -> str:
    """Why a record never counts, regardless of its visitor's history. Empty if it may count."""
    reason = observation.content.left_out
    return "" if limits.forgives(reason) else reason


def source_of(observation: Observation) -> Source:
    """The topic number and partition of the record."""
    return TOPIC_NUMBERS[observation.topic], observation.partition


def _counted(
    visitor: Visitor, observation: Observation, delivery: Delivery, limits: EvidenceLimits
) -> Decision:
    content = observation.content
    counter = COUNTER_OF.get(content.action) if isinstance(content, Interaction) else SHOWN
    if counter is None:  # an action that is not counted
        return Decision(delivery)
    logged_day = day_of(observation.logged_seconds)
    # An event cannot happen after it was logged
    day = min(day_of(content.time_seconds), logged_day)
    product_ids = tuple(dict.fromkeys(content.product_ids))
    names = names_of(day, 0, counter, product_ids)
    if content.query_hash:
        names += names_of(day, content.query_hash, counter, product_ids)
    once = visitor.shown if counter == SHOWN else visitor.interactions
    reason = ""
    if delivery is Delivery.REDELIVERED:
        chosen = once.taken(observation.offset, names)
    else:
        most = limits.day_shown if counter == SHOWN else limits.day_counted
        chosen, reason = once.take(observation.offset, (day, logged_day), names, most)
    count = len(product_ids)
    counted = tuple(compress(product_ids, chosen[:count]))
    under_query = tuple(compress(product_ids, chosen[count:]))
    return Decision(delivery, counted, under_query, day, counter, reason)
