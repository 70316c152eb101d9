"""Slips of the finger, as shoppers make them."""

from random import Random

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "k": "jl", "l": "k", "m": "n", "n": "mb", "o": "ip", "p": "o", "r": "et",
    "s": "ad", "t": "ry", "u": "yi", "w": "qe", "y": "tu",
}  # fmt: skip
SHORTEST = 4  # shorter words are rarely mistyped, and unreadable when they are


def mistyped(text: str, random: Random) -> str:
    """The text with one slip in one of its longer words; unchanged when it has none."""
    words = text.split()
    long = [place for place, word in enumerate(words) if len(word) > SHORTEST and word.isalpha()]
    if not long:
        return text
    place = random.choice(long)
    words[place] = _slip(words[place], random)
    return " ".join(words)


def _slip(word: str, random: Random) -> str:
    place = random.randrange(1, len(word) - 1)
    letter = word[place]
    slips = (
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[:place] + word[place + 1] + letter + word[place + 2 :],
        word[:place] + random.choice(NEIGHBOURS.get(letter, "e")) + word[place + 1 :],
    )
    return random.choice([slip for slip in slips if slip != word])
