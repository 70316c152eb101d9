"""The contract of every event log, for one on a Kafka broker. The fixture `kafka` says where."""

import pytest

from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from tests.contract.event_log import EventLogContract, Reopen
from tests.contract.event_log_consumers import ConsumerContract
from tests.contract.event_log_duplicates import DuplicatesContract


class KafkaEventLogContract(EventLogContract, DuplicatesContract, ConsumerContract):
    @pytest.fixture
    def reopen(self, kafka: KafkaConfig) -> Reopen:
        opened: list[KafkaEventLog] = []

        async def reopen() -> KafkaEventLog:
            for log in opened:
                await log.close()
            opened.append(KafkaEventLog(kafka))
            return opened[-1]

        return reopen
