"""WooCommerce's product CSV.

Variations have rows of their own, which name their parent by id or SKU.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cli.files.account import Account, RowRejection
from cli.files.dialect import Dialect, Row, listed, taken, without_empty
from cli.files.dialects.woocommerce_stock import stock
from cli.files.family import primary_of, variant_of
from cli.files.periods import in_effect
from cli.files.plain_text import plain_text
from shared.catalog.mending.amounts import is_sale_price
from shared.json_lines import Line

_SIGNS = (
    "Regular price",
    "In stock?",
    "Visibility in catalog",
    "Attribute 1 name",
    "Tax status",
    "Is featured?",
)
_ATTRIBUTE = re.compile(r"Attribute (\d+) name")
_SIZES = re.compile(r"(Weight|Length|Width|Height) \((\w+)\)")
# What a variation says of its parent
_OF_PARENT = ("price", "availability", "attributes", "images")
# The export's guard against cells that a spreadsheet would compute
_GUARDED = ("'=", "'+", "'-", "'@")
_COMMA = re.compile(r"(?<!\\),")
_LINE_BREAK = re.compile(r"\\?\\n")
_MOST_HELD = 5_000  # parents
_MOST_EARLY = 5_000  # variations that come before their parents


def _matches(names: frozenset[str], _: Row) -> bool:
    return "Name" in names and sum(sign in names for sign in _SIGNS) >= 2


def _translated(lines: Iterator[Line], account: Account) -> Iterator[Line]:
    parents = _Parents(account)
    for line in lines:
        if line.fault:
            yield line
            continue
        content = {name: _unguarded(value) for name, value in line.content.items()}
        yield from parents.given(replace(line, content=content))
    yield from parents.rest()


class _Parents:
    """Variable products, held back until their variations have been read.

    Variations may come anywhere in the file. A variation before its parent waits for it, because
    shoppers may not see the parent.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._held: dict[str, tuple[Line, Row, list[Row]]] = {}
        self._ids: dict[str, str] = {}  # ids of parents by SKU
        self._shown: set[str] = set()  # visible parents, by the names that variations use
        self._hidden: set[str] = set()  # the same for hidden parents
        self._early: dict[str, list[Line]] = {}  # variations by the parent that they name
        self._early_count = 0

    def given(self, line: Line) -> Iterator[Line]:
        """The products that can be emitted once a row is read."""
        parent, hidden = str(line.content.get("Parent") or ""), _hidden(line.content)
        if not hidden and parent in self._hidden:
            hidden = "Parent", "is of a product that is left out, and so is this"
        is_variation = parent and "variation" in str(line.content.get("Type", ""))
        if hidden:
            product_id = str(line.content.get("ID") or line.content.get("SKU") or "")[:128]
            self._account.leave_out(RowRejection(line.number, product_id, *hidden))
        elif is_variation and parent not in self._shown:
            self._early.setdefault(parent, []).append(line)
            self._early_count += 1
            yield from self._release_early(_MOST_EARLY)
        else:
            yield from self._taken(line)
        if "variable" in str(line.content.get("Type", "")):
            yield from self._parent_read(_names(line.content), self._hidden if hidden else self._shown)

    def rest(self) -> Iterator[Line]:
        """The products that still wait at the end of the file."""
        yield from self._release_early(0)
        yield from self._released(0)

    def _parent_read(self, names: list[str], among: set[str]) -> Iterator[Line]:
        """The products of variations that came before their parent, once the parent's visibility is
        known.
        """
        among.update(names)
        for line in [line for name in names for line in self._called(name)]:
            yield from self.given(line)

    def _release_early(self, most: int) -> Iterator[Line]:
        """Release the variations that have waited longest for their parents, until at most `most`
        wait.
        """
        while self._early_count > most:
            for line in self._called(next(iter(self._early))):
                yield from self._taken(line)

    def _called(self, parent: str) -> list[Line]:
        lines = self._early.pop(parent, [])
        self._early_count -= len(lines)
        return lines

    def _taken(self, line: Line) -> Iterator[Line]:
        is_parent = "variable" in str(line.content.get("Type", ""))
        row = _row(line.content, self._ids)
        held = self._held.get(str(row.get("primary_product_id", "")))
        if is_parent:
            product_id = str(row.get("product_id"))
            if product_id in self._held:  # a row with the same id, which is reported
                yield self._whole(product_id)
            self._held[product_id] = (line, row, [])
            yield from self._released(_MOST_HELD)
            return
        if held:
            held[2].append({name: row[name] for name in _OF_PARENT if name in row})
            row = variant_of(held[1], row)
        yield Line(line.number, row, "", line.bytes_read)

    def _released(self, most: int) -> Iterator[Line]:
        """Release the parents that have waited longest, until at most `most` wait."""
        while len(self._held) > most:
            yield self._whole(next(iter(self._held)))

    def _whole(self, product_id: str) -> Line:
        line, row, variants = self._held.pop(product_id)
        return Line(line.number, primary_of(row, variants) if variants else row, "", line.bytes_read)


def _names(content: Row) -> list[str]:
    """The names by which variations refer to a parent."""
    product_id, sku = str(content.get("ID") or ""), str(content.get("SKU") or "")
    return [name for name in (product_id and f"id:{product_id}", sku) if name]


def _hidden(content: Row) -> tuple[str, str] | None:
    if str(content.get("Published", "1")) in ("0", "-1"):
        return "Published", "is not published; shoppers do not see it, so it is left out"
    if str(content.get("Visibility in catalog", "")).lower() == "hidden":
        return "Visibility in catalog", "is hidden from the catalogue, so it is left out"
    return None


def _unguarded(value: Any) -> Any:
    return value[1:] if isinstance(value, str) and value.startswith(_GUARDED) else value


def _split(value: Any) -> list[Any]:
    """The values of a list. A comma within a value has a backslash before it."""
    if not isinstance(value, str):
        return listed(value)
    return [part for each in _COMMA.split(value) if (part := each.replace("\\,", ",").strip())]


def _text(value: Any) -> Any:
    """A description. The export writes a line break as \n, and \n as \\n."""
    broken = _LINE_BREAK.sub(lambda found: found[0][1:] if len(found[0]) > 2 else "\n", str(value or ""))
    return plain_text(broken.strip())


def _row(content: Row, ids: dict[str, str]) -> Row:
    rest = dict(content)
    kind, parent, sku = str(taken(rest, "Type") or ""), taken(rest, "Parent"), taken(rest, "SKU")
    product_id = str(taken(rest, "ID") or sku or "")
    if "variable" in kind and sku:
        ids[str(sku)] = product_id
    description, short = taken(rest, "Description"), taken(rest, "Short description")
    row = {
        "product_id": product_id,
        "title": taken(rest, "Name"),
        "description": "\n".join(filter(None, (_text(short), _text(description)))),
        "brands": _split(taken(rest, "Brands")),
        "categories": _split(taken(rest, "Categories")),
        "tags": _split(taken(rest, "Tags")),
        "images": _split(taken(rest, "Images")),
        "sku": sku,
        "gtin": taken(rest, "GTIN, UPC, EAN, or ISBN"),
        "uri": taken(rest, "External URL"),
        "attributes": {**_attributes(rest), **_sizes(rest)},
        **_price(rest),
        **stock(rest),
    }
    if "variation" in kind and parent:
        row["type"], row["primary_product_id"] = "variant", _parent_id(str(parent), ids)
    for name in ("Published", "Visibility in catalog"):
        rest.pop(name, None)
    return {**rest, **without_empty(row)}


def _parent_id(parent: str, ids: dict[str, str]) -> str:
    return parent.removeprefix("id:") if parent.startswith("id:") else ids.get(parent, parent)


def _price(rest: Row) -> Row:
    regular, sale = taken(rest, "Regular price"), taken(rest, "Sale price")
    if not in_effect(taken(rest, "Date sale price starts"), taken(rest, "Date sale price ends")) and regular:
        sale = None
    if regular and sale and not is_sale_price(sale):
        rest["Sale price"], sale = sale, None  # counted as not read
    price = {"amount": sale or regular, "original_amount": regular if sale else None}
    return {"price": without_empty(price)}


def _attributes(rest: Row) -> Row:
    attributes: Row = {}
    for column in [name for name in rest if _ATTRIBUTE.fullmatch(name)]:
        number = column.split()[1]
        name, values = rest.pop(column), _split(rest.pop(f"Attribute {number} value(s)", None))
        if values:
            attributes[str(name)] = values
        for switch in ("visible", "global", "default"):
            rest.pop(f"Attribute {number} {switch}", None)
    return attributes


def _sizes(rest: Row) -> dict[str, Any]:
    """Weight and size with their units, as in "1.5 kg"."""
    sizes: dict[str, Any] = {}
    for column in list(rest):
        found = _SIZES.fullmatch(column)
        if found:
            sizes[found[1].lower()] = f"{rest.pop(column)} {found[2]}"
    return sizes


DIALECT = Dialect("woocommerce", "WooCommerce's product CSV", _matches, _translated)
