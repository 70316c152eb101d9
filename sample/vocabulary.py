"""The goods and words of a department: the values that `departments/*.txt` are read into."""

from dataclasses import dataclass

COLOR = "color"  # the one trait every colourful kind shares


@dataclass(frozen=True)
class Value:
    """One value of a trait, with the words merchants and shoppers have for it."""

    value: str | float
    title: str  # in a title; empty if titles leave it out
    sentences: tuple[str, ...]  # in a description
    words: tuple[str, ...]  # in a query, before the noun
    needs: tuple[str, ...]  # the need that it meets, after the noun

    @property
    def follows(self) -> bool:
        """True when a title puts it behind the noun: 'Kettle with Gooseneck Spout'."""
        return self.title.startswith(("with ", "for ", "in "))


@dataclass(frozen=True)
class Trait:
    name: str
    values: tuple[Value, ...]
    numeric: bool = False
    varies: bool = False  # one model is sold in several of these

    def place(self, value: str | float) -> float:
        """The position of a value among its trait's values, 0 to 1.

        Later values cost more if numeric.
        """
        order = [known.value for known in self.values]
        return order.index(value) / max(1, len(order) - 1)


@dataclass(frozen=True)
class Use:
    """A need in words that no title holds, and the kinds that answer it."""

    text: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """A type of product, such as 'travel mug'."""

    key: str
    names: tuple[str, ...]
    path: tuple[str, ...]
    prices: tuple[float, float]
    also: tuple[str, ...]
    heads: tuple[str, ...]
    openers: tuple[str, ...]
    closers: tuple[str, ...]
    purposes: tuple[str, ...]  # its purpose in a merchant's words
    uses: tuple[Use, ...]
    near: tuple[str, ...]
    goes: tuple[str, ...]
    traits: tuple[Trait, ...]
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    tags: tuple[str, ...]
    never: tuple[tuple[str, str], ...]  # values that one product cannot have both

    @property
    def section(self) -> str:
        return self.path[1]


@dataclass(frozen=True)
class Brand:
    name: str
    level: float  # 1 is the middle of the market
    sections: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Department:
    name: str
    brands: tuple[Brand, ...]
    kinds: tuple[Kind, ...]
    gifts: tuple[Use, ...]
