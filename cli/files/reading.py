"""Reads a catalogue file into products, with an account of every row."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import quote
from typing import Any

from cli.files.account import Account, RowRejection, RowWarning
from cli.files.containers.json_values import deeper_list
from cli.files.detection import format_of
from cli.files.naming import Naming, target_of
from cli.files.options import ReadOptions
from cli.files.separators import Separators
from shared.catalog.mending.row import read_leniently, read_strictly, valid_product
from shared.catalog.product import Product
from shared.catalog.validation import Violation, printable
from shared.json_lines import Line
from shared.unpacking import unpacked

_SAME_ID = "is the id of a row before, too"


def read_products(
    path: Path,
    options: ReadOptions,
    account: Account,
    found: Callable[[str], None] = lambda title: None,
    progress: Callable[[int], None] = lambda bytes_read: None,
) -> Iterator[Product]:
    """Yield the products of a file. `found` receives its format, `progress` the bytes read.

    Raises NotFound if the file is missing, Corrupt if it is damaged, InvalidRequest if it is no
    catalogue.
    """
    with unpacked(path) as file:
        naming = Naming(options.names, options.rest_as_attributes, account.leave_unread)
        format_ = format_of(file, options, account, naming.mapped)
        found(format_.title)
        reader = _Reader(naming, account, options.strict)
        for line in format_.lines:
            product = reader.product(line)
            if product is not None:
                yield product
            progress(line.bytes_read)
        for column in sorted(naming.unseen):
            reason = f"no row has a column {printable(column[:60])!r}; name one as it stands in the file"
            account.warn(RowWarning(1, "", "--map", reason, "not used"))
        if warning := reader.separators.warning():
            account.warn_first(warning)


class _Reader:
    def __init__(self, naming: Naming, account: Account, strict: bool) -> None:
        self._naming = naming
        self._account = account
        self._read = read_strictly if strict else read_leniently
        self.separators = Separators()
        self._seen: set[int] = set()  # hashes take less memory than ids

    def product(self, line: Line) -> Product | None:
        """The product of a line. If the line has none, the reason is added to the account."""
        if line.fault:
            self._account.reject_unread(line.number, line.fault)
            return None
        row: dict[str, Any] = line.content
        try:
            row = self._naming.named(row)
            self.separators.note(line.number, row)
            product = valid_product(row) or self._mended(line, row)
        except RecursionError:  # JSON so deeply nested that it cannot be inspected
            reason = "is nested too deeply; write one flat object a line"
            self._reject(line.number, row, "line", reason)
            return None
        if product is not None:
            self._account.accepted += 1
            self._note_id(line.number, product.product_id)
        return product

    def _mended(self, line: Line, row: dict[str, Any]) -> Product | None:
        """The product of an invalid row after mending, with a warning for each field.

        If it cannot be mended, it is rejected.
        """
        reading = self._read(row)
        if isinstance(reading.outcome, Violation):
            found = reading.outcome
            reason = found.reason + _other_id(line.content, found.field) + _deeper(line.content, found.field)
            self._reject(line.number, row, found.field, reason)
            return None
        product_id = printable(reading.outcome.product_id)
        for each in reading.mendings:
            self._account.warn(RowWarning(line.number, product_id, each.field, each.reason, each.action))
        return reading.outcome

    def _reject(self, number: int, row: dict[str, Any], field: str, reason: str) -> None:
        product_id = _id_of(row)
        self._account.reject(RowRejection(number, printable(product_id), field, reason), product_id)

    def _note_id(self, number: int, product_id: str) -> None:
        count = len(self._seen)
        self._seen.add(hash(product_id))
        if len(self._seen) == count:
            warning = RowWarning(number, printable(product_id), "product_id", _SAME_ID, "replaces that row")
            self._account.warn(warning)


def _other_id(content: dict[str, Any], missing: str) -> str:
    """A hint to read the SKU as the id, for a row with a SKU and no id."""
    if missing != "product_id":
        return ""
    targets = {target_of(str(column)): str(column) for column in content}
    column = targets.get("sku", "") if "product_id" not in targets else ""
    return (f"; --map {quote(printable(column[:60]))}=product_id reads the SKU as the id") if column else ""


def _deeper(content: dict[str, Any], missing: str) -> str:
    """A hint at a nested list of products, for a row that is no product."""
    path = printable(deeper_list(content)[:60]) if missing in ("product_id", "title") else ""
    return (
        (f"; it has a list in {path}: give that as a file of its own (jq {quote('.' + path)})")
        if path
        else ""
    )


def _id_of(row: dict[str, Any]) -> str:
    return str(row.get("product_id") or row.get("id") or "")[:128]
