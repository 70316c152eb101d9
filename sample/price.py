"""The price of a product: its kind's range, its brand's level, its size."""

from random import Random
from typing import Any

from sample.model import Model

ON_SALE = 0.16


def price(model: Model, random: Random) -> dict[str, Any]:
    """`Product.price`. `original_amount` only if it is on sale."""
    low, high = model.kind.prices
    places = [
        trait.place(value)
        for trait in model.kind.traits
        if trait.numeric and (value := model.value(trait.name))
    ]
    size = sum(places) / len(places) if places else 0.5
    # Brand level, size and chance each move the price within the kind's range, so that words do not
    # give it away
    share = 0.45 * (model.brand.level - 0.7) / 0.75 + 0.3 * size + 0.25 * random.random()
    full = _ending(low + (high - low) * share, random)
    if random.random() >= ON_SALE:
        return {"amount": full, "currency_code": "USD"}
    reduced = _ending(full * random.choice((0.6, 0.7, 0.75, 0.8, 0.85)), random)
    return {"amount": reduced, "original_amount": full, "currency_code": "USD"}


def _ending(amount: float, random: Random) -> float:
    ending = random.choice((0.99, 0.99, 0.99, 0.95, 0.95, 0.0, 0.5))
    whole = int(amount) if amount < 100 else int(amount / 5) * 5 - (1 if ending else 0)
    return round(max(2, whole) + ending, 2)
