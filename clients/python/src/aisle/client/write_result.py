"""The results of writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from aisle.v1.catalog_pb2 import DeleteProductsResponse, ProductRejection, UpsertProductsResponse

_MAX_LISTED = 1_000


@dataclass(slots=True)
class WriteResult:
    """The result of an upsert or a delete, over all of its calls. Accepted products are durable."""

    accepted_count: int = 0
    rejected_count: int = 0
    # The first 1,000; positions start at 1
    rejections: list[ProductRejection] = field(default_factory=list)
    not_applied_count: int = 0  # valid, but the catalogue has a newer update_time
    not_applied: list[ProductRejection] = field(default_factory=list)  # the first 1,000
    log_position: int = 0  # of the last write, for wait_for_visible; 0 if nothing was sent

    def add_upsert(self, response: UpsertProductsResponse) -> None:
        """Count one call's outcome."""
        sent_before = self.accepted_count + self.rejected_count + self.not_applied_count
        for held, listed in (
            (self.rejections, response.rejections),
            (self.not_applied, response.not_applied),
        ):
            for each in listed[: _MAX_LISTED - len(held)]:
                each.position += sent_before
                held.append(each)
        self.accepted_count += response.accepted_count
        self.rejected_count += response.rejected_count
        self.not_applied_count += response.not_applied_count
        self.log_position = response.log_position

    def add_delete(self, count: int, response: DeleteProductsResponse) -> None:
        """Count one call's outcome."""
        self.accepted_count += count
        self.log_position = response.log_position
