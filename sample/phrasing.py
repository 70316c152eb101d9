"""How shoppers phrase a query: the words around a noun, its qualities and its limits."""

from random import Random

BARE = 0.45  # share of queries that have only the noun and its qualities
FRAMES = (
    "good {}", "best {}", "affordable {}", "{} online", "i need {}", "looking for {}",
    "{} for sale", "do you have {}", "quality {}", "nice {}", "show me {}", "buy {}",
    "recommend {}", "new {}", "where to find {}", "top rated {}",
)  # fmt: skip
QUESTIONS = (
    "{}", "{}", "something for this: {}", "help: {}", "ideas: {}",
    "what would you suggest: {}", "{}, any ideas", "not sure what to get. {}",
)  # fmt: skip
LONG = (
    "i am looking for {noun} {need}, preferably {word}",
    "hi, can you recommend {noun} {need}? ideally {word}",
    "my old one broke and now i need {noun} {need}, {word} if possible",
    "what is a good {noun} {need}? {word} would be great",
    "shopping for {noun} {need}, should be {word}",
    "need advice on {noun} {need}, must be {word}",
)
BUDGETS = (
    "under {}",
    "below {}",
    "less than {}",
    "under ${}",
    "max {}",
    "up to {} dollars",
    "cheaper than {}",
)
GIFTS = ("ideas", "who has everything", "this christmas", "that is not boring")
FOLLOWING = ("with ", "for ", "without ", "no ", "by ", "pack of", "set of")


def framed(text: str, random: Random) -> str:
    """The text alone, or as part of a wish."""
    return text if random.random() < BARE else random.choice(FRAMES).format(text)


def questioned(text: str, random: Random) -> str:
    """A need, phrased as a question."""
    return random.choice(QUESTIONS).format(text)


def described(noun: str, words: list[str], random: Random) -> str:
    """The noun with its qualities before and behind it."""
    behind = [
        word for word in words if word.startswith(FOLLOWING) or (word[0].isdigit() and random.random() < 0.4)
    ]
    before = [word for word in words if word not in behind]
    if before and not behind and random.random() < 0.15:
        before, behind = before[1:], before[:1]
    return " ".join([*before, noun, *behind])


def explained(noun: str, need: str, word: str, random: Random) -> str:
    """A whole sentence, as typed to a shop assistant."""
    return random.choice(LONG).format(noun=noun, need=need, word=word)


def limited(noun: str, amount: int, random: Random) -> str:
    """The noun and the most it may cost."""
    return f"{noun} {random.choice(BUDGETS).format(amount)}"
