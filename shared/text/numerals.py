"""Roman numerals of names: "Final Fantasy VII" is "final fantasy 7"."""

# Without those of one letter, which are letters in most names, and "XX", which is a size
_ROMAN = (
    ("2", "ii"),
    ("3", "iii"),
    ("4", "iv"),
    ("6", "vi"),
    ("7", "vii"),
    ("8", "viii"),
    ("9", "ix"),
    ("11", "xi"),
    ("12", "xii"),
    ("13", "xiii"),
    ("14", "xiv"),
    ("15", "xv"),
    ("16", "xvi"),
    ("17", "xvii"),
    ("18", "xviii"),
    ("19", "xix"),
)
_OTHERS = dict(_ROMAN) | {roman: number for number, roman in _ROMAN}


def other_numeral(word: str) -> str:
    """The Roman numeral of a number, or the number of a folded Roman numeral; empty for others."""
    return _OTHERS.get(word, "")
