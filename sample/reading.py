"""Read `departments/*.txt` into the vocabulary.

A department file holds its name, its brands, its gifts and then its kinds:

    department: Running & Outdoor
    brand: NAME | LEVEL | SECTION, SECTION | LINE, LINE
    gift: TEXT; TEXT = KIND, KIND
    == KIND KEY
    names: / also: / head: / path: / price: / colors: / sizes: / tags: / near: / goes:
                                          lists, parted by ';'
    for:                                  what it is good for, in a merchant's words, parted by ';'
    open: / close:                        sentences, parted by ' / '
    never: VALUE + VALUE; ...             what one product cannot be both
    use: TEXT; TEXT = OTHER KIND, ...     what the kind is for, in a shopper's words
    - TRAIT                               a trait in words, its values on indented lines:
      VALUE | TITLE | SENTENCE / SENTENCE | QUERY WORDS; ... | NEEDS; ...
    # TRAIT: 12 17 20 | TITLE | SENTENCES | QUERY WORDS         a number; '{}' stands for it;
                                                                '#+' is sold in several
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sample.vocabulary import Brand, Department, Kind, Trait, Use, Value

FOLDER = Path(__file__).parent / "departments"
Fields = dict[str, list[str]]


@cache
def departments() -> tuple[Department, ...]:
    """All departments, in the order of their file names."""
    return tuple(_department(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.txt")))


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its key."""
    return {kind.key: kind for department in departments() for kind in department.kinds}


def _department(text: str) -> Department:
    head, *blocks = text.split("\n== ")
    fields = _fields(head.splitlines())
    name = fields["department"][0]
    return Department(
        name=name,
        brands=tuple(_brand(line) for line in fields["brand"]),
        kinds=tuple(_kind(name, block) for block in blocks),
        gifts=tuple(use for line in fields.get("gift", []) for use in _uses(line, "")),
    )


def _fields(lines: list[str]) -> Fields:
    fields: Fields = {}
    for line in lines:
        if line.strip() and line[0] not in " -#":
            name, _, rest = line.partition(":")
            fields.setdefault(name, []).append(rest.strip())
    return fields


def _brand(line: str) -> Brand:
    name, level, sections, lines = (part.strip() for part in line.split("|"))
    return Brand(name, float(level), _split(sections, ","), _split(lines, ","))


def _kind(department: str, block: str) -> Kind:
    key, *lines = block.splitlines()
    fields = _fields(lines)
    low, high = (float(price) for price in fields["price"][0].split())

    def listed(name: str, separator: str = ";") -> tuple[str, ...]:
        return tuple(part for line in fields.get(name, []) for part in _split(line, separator))

    return Kind(
        key=key.strip(),
        names=listed("names"),
        path=(department, *listed("path", ">")),
        prices=(low, high),
        also=listed("also"),
        heads=listed("head"),
        openers=listed("open", " / "),
        closers=listed("close", " / "),
        purposes=listed("for"),
        uses=tuple(use for line in fields.get("use", []) for use in _uses(line, key.strip())),
        near=listed("near"),
        goes=listed("goes"),
        traits=tuple(_traits(lines)),
        colors=listed("colors"),
        sizes=listed("sizes"),
        tags=listed("tags"),
        never=tuple((one, other) for one, other in (pair.split(" + ") for pair in listed("never"))),
    )


def _uses(line: str, own: str) -> Iterator[Use]:
    texts, _, others = line.partition("=")
    answers = ((own,) if own else ()) + _split(others, ",")
    yield from (Use(text, answers) for text in _split(texts, ";"))


def _traits(lines: list[str]) -> Iterator[Trait]:
    name: str = ""
    values: list[Value] = []
    for line in [*lines, "- end"]:
        if line.startswith(("- ", "#")) and name:
            yield Trait(name, tuple(values))
            name = ""
        if line.startswith("- "):
            name = line[2:].strip()
            values = []
        elif line.startswith("#"):
            yield _number_trait(line)
        elif line.startswith("  ") and line.strip():
            values.append(_value(line))


def _number_trait(line: str) -> Trait:
    mark, name, rest = line.split(maxsplit=2)
    numbers, form = rest.split("|", 1)
    values = (_value(f"{number} | {form.replace('{}', number)}", float(number)) for number in numbers.split())
    return Trait(name.rstrip(":"), tuple(values), numeric=True, varies=mark == "#+")


def _value(line: str, number: float | None = None) -> Value:
    parts = [part.strip() for part in line.split("|")] + [""] * 4
    value: str | float = parts[0]
    if number is not None:
        value = int(number) if number == int(number) else number
    return Value(value, parts[1], _split(parts[2], " / "), _split(parts[3], ";"), _split(parts[4], ";"))


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())
