"""What a store should hold, added up from the log as one would on paper, and what it does hold."""

import struct
from collections import Counter, defaultdict

from services.feedback import visitor_update as sessions
from shared.features import spec
from shared.features.counted_once import REMEMBERED_DAYS
from shared.features.counters import day_of, parts
from shared.features.keys import product_key, query_key
from shared.features.observation import Interaction, Observation
from shared.features.visitor import UNKNOWN_VISITOR, VisitorState


def first_tellings(log: list[Observation]) -> list[Observation]:
    first: dict[tuple[str, str], Observation] = {}
    for each in log:
        first.setdefault((each.topic, each.event_id), each)
    return list(first.values())


def expected_counts(log: list[Observation]) -> dict[str, Counter[tuple[str, int, int]]]:
    """(product, day, counter) by key, added up as one would on paper; day 0 is the total."""
    counts: dict[str, Counter[tuple[str, int, int]]] = {}
    newest: defaultdict[tuple[str, str], int] = defaultdict(int)  # day of the log, by visitor and topic
    seen: set[tuple[object, ...]] = set()
    for each in first_tellings(log):
        what = each.content
        counter = spec.COUNTER_OF[what.action] if isinstance(what, Interaction) else spec.SHOWN
        day = day_of(what.time_seconds)
        if what.left_out:
            continue
        whose = each.key, each.topic
        newest[whose] = max(newest[whose], day_of(each.logged_seconds))
        for product in set(what.product_ids):
            if day < newest[whose] - REMEMBERED_DAYS:
                continue
            under_query = [(query_key(what.query_hash), product)] if what.query_hash else []
            for key, name in [(product_key(product), ""), *under_query]:
                subject = (each.key, day, key, product, counter)
                if subject in seen:
                    continue
                seen.add(subject)
                cells = {(name, day, counter), (name, 0, counter)}
                counts.setdefault(key, Counter()).update(cells)
    for key, counter_of in counts.items():
        last = max(day for _, day, _ in counter_of)
        counts[key] = Counter(
            {at: n for at, n in counter_of.items() if at[1] == 0 or at[1] >= last - spec.KEPT_DAYS}
        )
    return counts


def stored_counts(value: bytes | None) -> Counter[tuple[str, int, int]]:
    names, entries = parts(value) if value else ((), b"")
    named = [name.decode() for name in names] or [""]
    cells = struct.iter_unpack("<BBHI", entries)
    return Counter({(named[place], day, counter): count for counter, place, day, count in cells})


def expected_states(log: list[Observation]) -> dict[str, VisitorState]:
    states: dict[str, VisitorState] = {}
    for each in first_tellings(log):
        if isinstance(each.content, Interaction):
            states[each.key] = sessions.after(states.get(each.key, UNKNOWN_VISITOR), each.content)
    return states
