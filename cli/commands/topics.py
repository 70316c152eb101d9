"""`aisle topics`: makes Kafka's topics."""

from dataclasses import asdict

from cli.options import Json
from cli.terminal.console import print_json, say
from shared.config import load
from shared.events.kafka.config import KafkaConfig


def topics(as_json: Json = False) -> None:
    """Make the topics on the Kafka that AISLE_KAFKA_ADDRESS names, configured as AISLE_KAFKA_*
    says.

    A second run changes nothing. Data is never lost: partitions are never removed, and retention is
    never shortened. Differences from the configuration that stay are reported.
    """
    # `aisle --help` does not need the library
    from shared.events.kafka.topic_maker import TopicReport, make_topics

    def line(report: TopicReport) -> str:
        outcome = "made" if report.made else ", ".join(report.changes) or "as it should be"
        notes = "".join(f"; {note}" for note in report.notes)
        sizes = f"{report.partitions} partitions, {report.replication} copies"
        return f"{report.name}  {sizes}: {outcome}{notes}"

    reports = make_topics(load(KafkaConfig))
    if as_json:
        print_json({"topics": [asdict(report) for report in reports]})
        return
    for report in reports:
        say(line(report))
