"""A title as merchants write it: its content, its order, and sometimes abbreviations."""

from dataclasses import dataclass
from random import Random

from sample.model import Model
from sample.vocabulary import COLOR, Value

MENTION = 0.65  # chance that a title mentions a trait
BARE = 0.25  # chance that a title leaves the line out
SHORT = (
    ("with ", "w/ "),
    ("Stainless Steel", "SS"),
    ("Rechargeable", "Rechrg."),
    ("Waterproof", "Wtrprf"),
    ("-Piece", " pc"),
    ("-Pack", "pk"),
)


@dataclass(frozen=True)
class Style:
    """How one brand writes: the pattern of its titles and whether it abbreviates."""

    pattern: str
    short: bool


PATTERNS = (
    "{brand} {line} {before} {name} {behind}, {tail}",
    "{brand} {line} {before} {name} {behind} - {tail}",
    "{brand} {line} {before} {name} {behind} ({tail})",
    "{brand} {before} {name} {line} {behind}, {tail}",
    "{before} {name} {behind} by {brand}, {line}, {tail}",
)


def style_of(brand: str) -> Style:
    """A brand keeps to one style through the whole shop."""
    random = Random(f"style/{brand}")
    return Style(PATTERNS[random.choice((0, 0, 1, 1, 2, 3, 4))], random.random() < 0.12)


@dataclass(frozen=True)
class Wording:
    """What the titles of a model and its variants share."""

    name: str
    line: str
    said: tuple[str, ...]  # the traits the title mentions
    style: Style


def wording(model: Model, random: Random) -> Wording:
    """Choose once for a model, so that its variants read alike."""
    varying = {trait.name for trait in model.kind.traits if trait.varies}
    said = [
        name
        for name, value in model.values()
        if value.title and (name in varying or random.random() < MENTION)
    ]
    line = "" if random.random() < BARE else model.line
    return Wording(random.choice(model.kind.names), line, tuple(said), style_of(model.brand.name))


def title(model: Model, words: Wording) -> str:
    """The title of a model, or of one variant of it."""
    said = [
        (name, value) for name, value in model.values() if name in words.said and _adds(value, words.name)
    ]
    numeric = {trait.name for trait in model.kind.traits if trait.numeric}
    tail = [value.title for name, value in said if name in numeric and not value.follows]
    color = model.value(COLOR)
    parts = {
        "brand": model.brand.name,
        "line": words.line,
        "name": words.name,
        "before": " ".join(value.title for name, value in said if name not in numeric and not value.follows),
        "behind": _joined([value.title for _, value in said if value.follows]),
        "tail": ", ".join([*tail, str(color).title()] if color else tail),
    }
    return _tidy(words.style.pattern.format(**parts), words.style)


def _joined(phrases: list[str]) -> str:
    """'with A', 'with B' -> 'with A and B'."""
    if len(phrases) < 2 or not all(phrase.startswith("with ") for phrase in phrases):
        return " ".join(phrases)
    return " and ".join([phrases[0], *(phrase.removeprefix("with ") for phrase in phrases[1:])])


def _adds(value: Value, name: str) -> bool:
    return bool(value.title) and value.title.lower() not in name.lower()


def _tidy(text: str, style: Style) -> str:
    text = " ".join(text.split())
    for untidy, tidy in (
        (" ,", ","),
        (", ,", ","),
        (",,", ","),
        ("()", ""),
        ("( ", "("),
        (" )", ")"),
        ("- -", "-"),
    ):
        text = text.replace(untidy, tidy)
    text = text.strip(" ,-")
    for long, short in SHORT if style.short else ():
        text = text.replace(long, short)
    return text
