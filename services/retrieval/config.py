"""Settings of the retrieval service, read from AISLE_RETRIEVAL_*."""

from dataclasses import dataclass

from shared.listening import LOOPBACK


@dataclass(frozen=True)
class RetrievalConfig:
    """Defaults suit two ordinary cores."""

    host: str = LOOPBACK  # listening address; [::] is every address of the machine
    port: int = 50053
    data: str = "data"  # folder of snapshots/
    # Folder for the writable copy of the word index; "": memory, or DATA/live
    scratch: str = ""
    leg_limit: int = 300  # most products that words, or vectors, propose
    dense_floor: float = 0.5  # share of the best cosine below which a product is not near; 0 to 1
    # Products that shoppers opened under the query and near ones, proposed at most; 0: none
    memory_limit: int = 50
    correct_spelling: bool = True
    synonyms: str = ""  # file of synonyms and rewrites; "": DATA/synonyms.txt
    refresh_seconds: float = 1.0  # how often to check for a newer snapshot

    def __post_init__(self) -> None:
        if self.leg_limit < 1 or self.memory_limit < 0 or not self.refresh_seconds > 0:
            raise ValueError("leg_limit is at least 1, memory_limit 0, and refresh_seconds more than 0")
        if not 0 <= self.dense_floor <= 1:
            raise ValueError(f"dense_floor is {self.dense_floor}; use a share from 0 to 1")
