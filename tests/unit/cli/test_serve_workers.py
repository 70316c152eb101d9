import pytest

from cli.commands import serve
from shared.cores import core_count
from shared.errors import InvalidRequest


def test_auto_is_a_worker_a_core_up_to_eight() -> None:
    assert serve.count_of("auto") == min(core_count(), 8)
    assert serve.count_of("3") == 3


@pytest.mark.parametrize("text", ["0", "-1", "65", "two", "", "1.5", "٣"])
def test_what_is_no_number_of_workers_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequest, match="--workers"):
        serve.count_of(text)
