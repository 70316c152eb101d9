"""What a record of the log is evidence of, as the visitor's own value decides it.

It depends on the earlier records of the visitor in the same topic, so a record that comes again, or
a replay, is decided alike. See docs/decisions/evidence-not-floods.md.
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
from shared.features.visitor import Telling, Visitor, event_name
from shared.features.watermarks import TOPIC_NUMBERS, Source


@dataclass(frozen=True, slots=True)
class Decision:
    """What the arrival of a record is, and which of its products are counted for what."""

    telling: Telling
    product_ids: Sequence[str] = ()  # of the event, for the product itself
    under_query: Sequence[str] = ()  # and for the product under the query
    day: int = 0  # that they count for
    counter: int = 0  # that grows for them
    reason: str = ""  # why not all of them are (evidence.py); empty: all are, or it is no first telling


SECOND = Decision(Telling.SECOND)


def decide(visitor: Visitor, observation: Observation, limits: EvidenceLimits) -> Decision:
    """Take a record into the visitor's value."""
    name = event_name(observation.topic, observation.event_id)
    telling = visitor.hear(source_of(observation), observation.offset, name)
    if telling is Telling.SECOND:
        return SECOND
    if telling is Telling.FIRST and isinstance(observation.what, Interaction):
        if not visitor.frequency.admit(
            observation.logged_seconds, limits.minute_interactions, limits.day_interactions
        ):
            return Decision(telling, reason=TOO_FAST)
        visitor.state = visitor_update.after(visitor.state, observation.what)
    if reason := left_out(observation, limits):
        return Decision(telling, reason=reason)
    return _counted(visitor, observation, telling, limits)


def left_out(observation: Observation, limits: EvidenceLimits) -> str:
    """Why nothing of a record counts, whatever its visitor did before; empty when it may."""
    reason = observation.what.left_out
    return "" if limits.forgives(reason) else reason


def source_of(observation: Observation) -> Source:
    """Where it is in the log."""
    return TOPIC_NUMBERS[observation.topic], observation.partition


def _counted(
    visitor: Visitor, observation: Observation, telling: Telling, limits: EvidenceLimits
) -> Decision:
    what = observation.what
    counter = COUNTER_OF.get(what.action) if isinstance(what, Interaction) else SHOWN
    if counter is None:  # an action that is not counted
        return Decision(telling)
    logged_day = day_of(observation.logged_seconds)
    # Nothing happens after the log has it
    day = min(day_of(what.time_seconds), logged_day)
    product_ids = tuple(dict.fromkeys(what.product_ids))
    names = names_of(day, 0, counter, product_ids)
    if what.query_hash:
        names += names_of(day, what.query_hash, counter, product_ids)
    once = visitor.shown if counter == SHOWN else visitor.interactions
    reason = ""
    if telling is Telling.REDELIVERED:
        chosen = once.taken(observation.offset, names)
    else:
        most = limits.day_shown if counter == SHOWN else limits.day_counted
        chosen, reason = once.take(observation.offset, (day, logged_day), names, most)
    count = len(product_ids)
    counted = tuple(compress(product_ids, chosen[:count]))
    under_query = tuple(compress(product_ids, chosen[count:]))
    return Decision(telling, counted, under_query, day, counter, reason)
