"""The dictionaries by which a new snapshot's texts are cut."""

from pathlib import Path

from shared.snapshot.generation import Generation
from shared.snapshot.lexical import dictionaries_of
from shared.text.dictionaries import NONE, Dictionaries


def chosen(wanted: Dictionaries | None, root: Path, old: Generation | None) -> Dictionaries:
    """Those that are wanted, or else those of the old snapshot in `root`."""
    if wanted is not None:
        return wanted
    return NONE if old is None else dictionaries_of(root / old.version / "lexical")
