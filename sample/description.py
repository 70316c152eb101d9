"""A description of two to five sentences that only states the product's traits."""

from random import Random

from sample.model import Model
from sample.title import Wording

MENTION = 0.55  # chance that a trait in the title is repeated
NAMED = 0.3  # chance that the first sentence names the product
CLOSED = 0.55
PURPOSED = 0.75
PURPOSES = (
    "Good for {}.",
    "Made for {}.",
    "Ideal for {}.",
    "Great for {}.",
    "A fine choice for {}.",
)


def description(model: Model, words: Wording, random: Random) -> str:
    """Opener, the traits in some order, perhaps a closing remark."""
    sentences = [
        random.choice(value.sentences)
        for name, value in model.values()
        if value.sentences and (name not in words.said or random.random() < MENTION)
    ]
    random.shuffle(sentences)
    closing = [random.choice(model.kind.closers)] if not sentences or random.random() < CLOSED else []
    return " ".join([_opening(model, random), *_purpose(model, words), *sentences, *closing])


def _purpose(model: Model, words: Wording) -> list[str]:
    """The purpose of the product.

    Real shops name it for most goods, and it is often the only answer to a need.
    """
    random = Random(f"purpose/{model.brand.name}/{model.line}/{words.name}/{model.chosen}")
    if not model.kind.purposes or random.random() >= PURPOSED:
        return []
    one, other = random.sample(model.kind.purposes, 2)
    return [random.choice(PURPOSES).format(f"{one} and {other}" if random.random() < 0.6 else one)]


def _opening(model: Model, random: Random) -> str:
    opener = random.choice(model.kind.openers)
    if opener.startswith(("A ", "An ")) and random.random() < NAMED:
        return f"The {model.brand.name} {model.line} is {opener[0].lower()}{opener[1:]}"
    return opener
