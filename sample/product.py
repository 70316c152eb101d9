"""Products as the catalogue file holds them: Product's field names, plain dicts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sample.barcode import gtin
from sample.description import description
from sample.model import Model, models
from sample.price import price
from sample.reading import departments
from sample.title import Wording, title, wording
from sample.vocabulary import COLOR

FIRST_DAY = datetime(2024, 6, 1, tzinfo=UTC)
DAYS = 730
UNRATED = 0.08


@dataclass(frozen=True)
class Made:
    """A row of the catalogue beside the model it was written from, which is what judgments follow
    from.
    """

    model: Model
    row: dict[str, Any]

    @property
    def product_id(self) -> str:
        return str(self.row["product_id"])


def catalog(seed: int) -> list[Made]:
    """The whole catalogue; models come in random order, each followed by its variants."""
    everything = [
        model
        for department in departments()
        for model in models(department, Random(f"{seed}/{department.name}"))
    ]
    Random(f"{seed}/order").shuffle(everything)
    made: list[Made] = []
    for number, model in enumerate(everything):
        made.extend(_family(model, number, Random(f"{seed}/product/{number}")))
    return made


def _family(model: Model, number: int, random: Random) -> Iterator[Made]:
    words = wording(model, random)
    primary_id = f"p{number:05d}"
    text = description(model, words, random)
    first = _row(model, primary_id, words, random) | {"description": text}
    yield Made(model, first)
    for place, variant in enumerate(model.pages, start=1):
        row = _row(variant, f"{primary_id}-{place}", words, random) | {
            "type": "variant",
            "primary_product_id": primary_id,
            "description": _variant_text(text, model, variant),
            "publish_time": first["publish_time"],
        }
        yield Made(variant, row)


def _variant_text(text: str, model: Model, variant: Model) -> str:
    """The model's description with the sentence about the varying trait replaced by the variant's
    own.
    """
    for (_, old), (_, new) in zip(model.values(), variant.values(), strict=True):
        for before, after in zip(old.sentences, new.sentences, strict=False):
            if old != new:
                text = text.replace(before, after)
    return text


def _row(model: Model, product_id: str, words: Wording, random: Random) -> dict[str, Any]:
    name = title(model, words)
    number = int(product_id[1:6]) * 10 + int(product_id[7:] or 0)
    return {
        "product_id": product_id,
        "type": "primary",
        "title": name,
        "description": "",
        "brands": [model.brand.name],
        "categories": [" > ".join(model.kind.path)],
        # Variants differ by size only
        "price": price(model, Random(f"{product_id[:6]}/{model.line}/{model.quality}")),
        **stock(random),
        **rating(model.quality, random),
        "gtin": gtin(number),
        "sku": f"{re.sub('[^A-Z]', '', model.brand.name.upper())[:3]}-{number:06d}",
        "uri": f"https://example.com/p/{_slug(name)}-{product_id}",
        "images": [
            f"https://example.com/images/{product_id}-{place}.jpg"
            for place in range(1, random.randrange(2, 5))
        ],
        "attributes": _attributes(model),
        "tags": _tags(model, random),
        "publish_time": moment(random),
        "language_code": "en",
    }


def _attributes(model: Model) -> dict[str, list[str] | list[float]]:
    attributes: dict[str, Any] = {_slug(name, "_"): [value] for name, value in model.chosen if name != COLOR}
    if color := model.value(COLOR):
        attributes[COLOR] = [color]
    if model.kind.sizes:
        attributes["size"] = list(model.kind.sizes)
    return attributes


def stock(random: Random) -> dict[str, Any]:
    """`Product.availability` and `available_quantity`."""
    availability = random.choice(("in_stock",) * 17 + ("out_of_stock", "out_of_stock", "preorder"))
    return {
        "availability": availability,
        "available_quantity": 1 + int(220 * random.random() ** 2) if availability == "in_stock" else 0,
    }


def rating(quality: float, random: Random) -> dict[str, Any]:
    """`Product.rating`: many gather near the quality, few scatter around it; some have none."""
    if random.random() < UNRATED:
        return {}
    count = 1 + int(900 * random.random() ** 3 * (0.4 + quality))
    scatter = (random.random() - 0.5) * 2.4 / (1 + count / 6)
    average = min(5.0, max(1.0, 3.3 + 1.6 * quality + scatter))
    return {"rating": {"average": round(average, 1), "count": count}}


def _tags(model: Model, random: Random) -> list[str]:
    extra = [random.choice(("bestseller", "staff pick", "last chance"))] if random.random() < 0.15 else []
    return [*model.kind.tags, *(tag for tag in extra if tag not in model.kind.tags)]


def moment(random: Random) -> str:
    """When a product was published: an RFC 3339 time within two years."""
    published = FIRST_DAY + timedelta(days=random.randrange(DAYS), minutes=random.randrange(24 * 60))
    return published.strftime("%Y-%m-%dT%H:%M:%SZ")


def _slug(text: str, joint: str = "-") -> str:
    return re.sub(r"[^a-z0-9]+", joint, text.lower()).strip(joint)
