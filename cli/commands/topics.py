"""`aisle topics`: make Kafka's topics."""

from dataclasses import asdict

from cli.options import Json
from cli.terminal.console import print_json, say
from shared.config import load
from shared.events.kafka.config import KafkaConfig


def topics(as_json: Json = False) -> None:
    """Make the topics on the Kafka that AISLE_KAFKA_ADDRESS names, or bring them to what
    AISLE_KAFKA_* says.

    Run again, it changes nothing. Nothing is lost by it: there are never fewer partitions than
    before, and nothing is kept for a shorter time; what is other than configured and stays so is
    told.
    """
    # `aisle --help` has no use for the library
    from shared.events.kafka.topic_maker import TopicReport, make_topics

    def line(report: TopicReport) -> str:
        done = "made" if report.made else ", ".join(report.changes) or "as it should be"
        notes = "".join(f"; {note}" for note in report.notes)
        return f"{report.name}  {report.partitions} partitions, {report.replication} copies: {done}{notes}"

    reports = make_topics(load(KafkaConfig))
    if as_json:
        print_json({"topics": [asdict(report) for report in reports]})
        return
    for report in reports:
        say(line(report))
