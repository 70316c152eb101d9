"""The outcome of each row of a catalogue file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import Indel

from shared.catalog.validation import printable

LISTED = 1_000
_NAMES_COUNTED = 1_000
_NAME_CHARACTERS = 60  # longer names are cut before they are compared with known ones
_NEAR = 0.75  # the similarity of "colour" and "color" is 0.91


@dataclass(frozen=True, slots=True)
class RowRejection:
    """A row that was rejected."""

    line: int  # starts at 1
    product_id: str  # empty if the row has no readable id
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowWarning:
    """An invalid field of an accepted row: the reason, and how the field was mended."""

    line: int
    product_id: str
    field: str
    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class UnreadColumn:
    """A column that nothing reads.

    `count` is the number of rows with a value in it, `nearest` the known name most like its own.
    """

    name: str
    count: int
    nearest: str


@dataclass
class Account:
    """The counts of all rows of a file: rows + made == accepted + rejected + merged.

    Lists hold the first LISTED entries; counts cover all.
    """

    # Names in the file's header; a row holds only its non-empty cells
    columns: frozenset[str] = frozenset()
    rows: int = 0
    made: int = 0  # products made for other rows, such as the primary of Shopify's variants
    merged: int = 0  # rows merged into the product of another row
    accepted: int = 0
    rejected: int = 0
    rejections: list[RowRejection] = field(default_factory=list)
    # Spelled as in the file; rows that are left out do not count
    rejected_ids: set[str] = field(default_factory=set)
    unreadable: int = 0  # rejected rows whose id could not be read either
    warned: int = 0
    warnings: list[RowWarning] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    unread_more: int = 0  # values in columns beyond the first _NAMES_COUNTED

    def reject(self, rejection: RowRejection, product_id: str) -> None:
        """Reject a row of the product `product_id`, which is empty if the file does not give one."""
        if product_id:
            self.rejected_ids.add(product_id)
        self._list(rejection)

    def reject_unread(self, number: int, fault: str) -> None:
        """Reject a line that could belong to any product."""
        self.unreadable += 1
        self._list(RowRejection(number, "", "line", fault))

    def leave_out(self, rejection: RowRejection) -> None:
        """Reject a row that shoppers must not see.

        If the file replaces the catalogue, its product is removed.
        """
        self._list(rejection)

    def _list(self, rejection: RowRejection) -> None:
        self.rejected += 1
        if len(self.rejections) < LISTED:
            self.rejections.append(rejection)

    def warn(self, warning: RowWarning) -> None:
        self.warned += 1
        if len(self.warnings) < LISTED:
            self.warnings.append(warning)

    def warn_first(self, warning: RowWarning) -> None:
        """Warn about the whole file. Such warnings are listed before those about a row."""
        self.warned += 1
        self.warnings = [warning, *self.warnings][:LISTED]

    def leave_unread(self, name: str) -> None:
        if name in self.unread or len(self.unread) < _NAMES_COUNTED:
            self.unread[name] = self.unread.get(name, 0) + 1
        else:
            self.unread_more += 1

    def unread_columns(self, known: Mapping[str, str]) -> list[UnreadColumn]:
        """The columns that nothing reads, most frequent first.

        `known` maps comparable names to names to show.
        """
        columns = sorted(self.unread.items(), key=lambda each: -each[1])
        return [UnreadColumn(printable(name), count, _nearest(name, known)) for name, count in columns]


def _nearest(name: str, known: Mapping[str, str]) -> str:
    comparable = name.lower().replace(" ", "_")[:_NAME_CHARACTERS]
    if comparable in known:  # another column already fills this field
        return ""
    close = process.extractOne(
        comparable, list(known), scorer=Indel.normalized_similarity, score_cutoff=_NEAR
    )
    return known[close[0]] if close else ""
