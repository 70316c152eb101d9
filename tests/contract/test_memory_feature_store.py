import pytest

from shared.features.memory import MemoryFeatureStore
from tests.contract.feature_store_partitions import PartitionsSuite
from tests.contract.feature_store_suite import Begin, FeatureStoreSuite


class TestMemoryFeatureStore(FeatureStoreSuite, PartitionsSuite):
    @pytest.fixture
    def begin(self) -> Begin:
        return lambda: (MemoryFeatureStore(), "")
