"""A description of two to five sentences that says nothing the product's traits do not."""

from random import Random

from services.standalone.sample.model import Model
from services.standalone.sample.title import Wording

MENTION = 0.55  # chance that a trait the title already shows is told again
NAMED = 0.3  # chance that the first sentence names the product
CLOSED = 0.55


def description(model: Model, words: Wording, random: Random) -> str:
    """Opener, the traits in some order, perhaps a closing remark."""
    told = [
        random.choice(value.sentences)
        for name, value in model.values()
        if value.sentences and (name not in words.said or random.random() < MENTION)
    ]
    random.shuffle(told)
    closing = [random.choice(model.kind.closers)] if not told or random.random() < CLOSED else []
    return " ".join([_opening(model, random), *told, *closing])


def _opening(model: Model, random: Random) -> str:
    opener = random.choice(model.kind.openers)
    if opener.startswith(("A ", "An ")) and random.random() < NAMED:
        return f"The {model.brand.name} {model.line} is {opener[0].lower()}{opener[1:]}"
    return opener
