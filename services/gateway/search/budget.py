"""The time budget of a page, and how it was spent."""

from collections.abc import Iterable, Mapping

from shared.telemetry import Stopwatch


class Budget(Stopwatch):
    """One deadline for the whole page. Notes the time of each stage, and the stages left out."""

    def __init__(self, budget_ms: float, spent_ms: float = 0.0) -> None:
        """`spent_ms` of the budget have passed already."""
        super().__init__(spent_ms)
        self.budget_ms = budget_ms
        self.degraded: list[str] = []

    def left_ms(self) -> float:
        """The remaining milliseconds. Negative once the deadline has passed."""
        return self.budget_ms - self.elapsed_ms()

    def left_out(self, note: str) -> None:
        """Note a stage that the page lacks, and the reason, such as "reranker: deadline"."""
        if note not in self.degraded:
            self.degraded.append(note)

    def note(self, stage_ms: Mapping[str, float], degraded: Iterable[str] = ()) -> None:
        """Add a service's notes about its own stages."""
        self.stage_ms.update(stage_ms)
        for note in degraded:
            self.left_out(note)
