"""Names of columns: Aisle's own, other spellings of them, and those that nothing reads."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from cli.files.spellings import ATTRIBUTES, SPELLINGS
from shared.catalog.mending.amounts import is_sale_price
from shared.catalog.mending.attributes import mend_attributes
from shared.catalog.mending.states import availability_of
from shared.catalog.rows import EMPTY, NAMES, SHORT_NAMES

_ATTRIBUTE_NAMES = frozenset(ATTRIBUTES.split())
_OURS = {spelling: ours for ours, spellings in SPELLINGS.items() for spelling in spellings.split()}
# In the form in which names are compared
KNOWN = {**{name: name for name in _OURS}, **{name: name for name in _ATTRIBUTE_NAMES}}
_PATHS = ("price.amount", "price.original_amount", "price.currency_code", "rating.average", "rating.count")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MARKS = re.compile(r"^\*|\*$|\([^()]*\.\.\.\)$")  # "Name *", "Tags (x, y, z...)"
_BETWEEN = re.compile(r"[\s\-/]+")
_SHAPES_KEPT = 1_000
_NAME_CHARACTERS = 128
_WHOLE_NAMES = frozenset(NAMES)


def is_known(name: str) -> bool:
    """Whether a name is a field of a product.

    Fields are those of docs/catalog.md, the members of price and rating, and attributes.
    """
    return (
        name in NAMES or name in _PATHS or (name.startswith("attributes.") and len(name) > len("attributes."))
    )


def target_of(column: str) -> str:
    """The target of a column.

    Returns a field, a member of one, "attributes.NAME", or "" if nothing reads the column.
    """
    if column in _PATHS or (column.startswith("attributes.") and is_known(column)):
        return column
    bare = _MARKS.sub("", column.strip()[:_NAME_CHARACTERS]).strip()
    plain = _BETWEEN.sub("_", _CAMEL.sub("_", bare)).lower().lstrip("_")
    if plain in _OURS:
        return _OURS[plain]
    return f"attributes.{plain}" if plain in _ATTRIBUTE_NAMES else ""


class Naming:
    """Renames the columns of rows, and records which columns nothing reads."""

    def __init__(
        self, names: Mapping[str, str], rest_as_attributes: bool, unread: Callable[[str], None]
    ) -> None:
        self._names = dict(names)
        self._rest = rest_as_attributes
        self._unread = unread
        self.unseen = set(names)  # mapped columns that no row has had so far
        self._shapes: dict[tuple[str, ...], list[tuple[str, str]]] = {}

    def mapped(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row after --map. A mapped column hides other columns of the same target."""
        present = self._names.keys() & row.keys()
        if not present:
            return row
        self.unseen -= present
        chosen: dict[str, Any] = {}
        for theirs, ours in self._names.items():
            if theirs in present and not _fill(chosen, ours, row[theirs]) and row[theirs] not in EMPTY:
                self._unread(theirs)
        for name in chosen.keys() & row.keys() - present:
            self._unread(name)
        given = {name: value for name, value in row.items() if name not in chosen and name not in present}
        return {**given, **chosen}

    def named(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with Aisle's names. A row that already has them is returned unchanged."""
        if row.keys() <= _WHOLE_NAMES and not any(
            name in row and short in row for name, short in SHORT_NAMES.items()
        ):
            return row
        named: dict[str, Any] = {}
        for column, target in self._plan(row):
            value = row[column]
            if value in EMPTY:
                continue
            if not target:
                self._rest_of(named, column, value)
            elif not _put(named, target, value):
                self._unread(column)
        if (
            "sale_price" in named
            and named.get("price") not in EMPTY
            and not is_sale_price(named["sale_price"])
        ):
            del named["sale_price"]
            self._unread("sale_price")
        return _settled(named)

    def _plan(self, row: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The targets for rows of this shape.

        Exact names come first, so that they win over other spellings.
        """
        shape = tuple(row)
        if shape not in self._shapes:
            if len(self._shapes) >= _SHAPES_KEPT:
                self._shapes.clear()
            plan = [(str(column), target_of(str(column))) for column in shape]
            self._shapes[shape] = sorted(plan, key=lambda each: (each[0] != each[1], each[0] not in NAMES))
        return self._shapes[shape]

    def _rest_of(self, named: dict[str, Any], column: str, value: Any) -> None:
        mended = mend_attributes({column: value}) if self._rest else None
        if mended is None:
            self._unread(column)
        for name, values in (mended.value if mended else {}).items():
            _put_attribute(named, name, values)


def _put(named: dict[str, Any], target: str, value: Any) -> bool:
    """Set a field unless another column has set it. Returns whether it was set."""
    if target.startswith("attributes."):
        return _put_attribute(named, target.removeprefix("attributes."), value)
    if target == "attributes" and isinstance(named.get(target), dict) and isinstance(value, (dict, list)):
        before = named[target]
        named[target] = {**value, **before} if isinstance(value, dict) else [*value, *_pairs(before)]
        return True
    if target == "availability" or (target == "available_quantity" and _is_state(value)):
        return _put_availability(named, value)
    part, _, member = target.partition(".")
    if not member:
        return _put_whole(named, target, value)
    if not isinstance(named.setdefault(part, {}), dict):
        named[part] = {"amount" if part == "price" else "average": named[part]}
    return _fill(named[part], member, value)


def _put_whole(named: dict[str, Any], target: str, value: Any) -> bool:
    opened = named.get(target)
    if target in ("price", "rating") and isinstance(opened, dict) and not isinstance(value, dict):
        return _fill(opened, "amount" if target == "price" else "average", value)
    return named.setdefault(target, value) is value


def _fill(members: dict[str, Any], name: str, value: Any) -> bool:
    """Set a member that has no value. Returns whether it was set."""
    if members.get(name) not in EMPTY:
        return False
    members[name] = value
    return True


def _put_attribute(named: dict[str, Any], name: str, value: Any) -> bool:
    attributes = named.setdefault("attributes", {})
    # A list of names and values, as other systems write attributes
    if isinstance(attributes, list):
        named["attributes"] = [*attributes, *_pairs({name: value})]
        return True
    return isinstance(attributes, dict) and attributes.setdefault(name, value) is value


def _pairs(attributes: Mapping[str, Any]) -> list[Any]:
    return [{"name": name, "value": value} for name, value in attributes.items()]


def _is_state(value: Any) -> bool:
    """Whether a column such as "stock" holds an availability in words or as yes or no."""
    is_word = isinstance(value, str) and not any(letter.isdigit() for letter in value)
    return isinstance(value, bool) or (is_word and availability_of(value) != "")


def _put_availability(named: dict[str, Any], value: Any) -> bool:
    """Resolve two columns of availability.

    A plain "in stock" gives way to the more specific one.
    """
    before = named.get("availability")
    if before is None or (availability_of(before) in ("", "in_stock") and availability_of(value)):
        named["availability"] = value
    return True


def _settled(named: dict[str, Any]) -> dict[str, Any]:
    """Combine columns that belong together.

    These are a sale price beside a price, and additional pictures.
    """
    if "more_images" in named:
        named["images"] = [*_listed(named.get("images")), *_listed(named.pop("more_images"))]
    if "sale_price" in named:
        _settle_sale_price(named, named.pop("sale_price"))
    return named


def _settle_sale_price(named: dict[str, Any], sale_price: Any) -> None:
    price = named.get("price")
    members = dict(price) if isinstance(price, dict) else {} if price is None else {"amount": price}
    if members.get("amount") is not None:
        members.setdefault("original_amount", members["amount"])
    named["price"] = {**members, "amount": sale_price}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in EMPTY else [value]
