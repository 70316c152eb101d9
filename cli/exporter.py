"""Exports the server's status to Prometheus: python -m cli.exporter [--address HOST:PORT]

Calls the gateway's GetStatus at every scrape, and caches nothing.
"""

import os
from argparse import ArgumentParser
from collections.abc import Iterable
from signal import SIG_BLOCK, SIGINT, SIGTERM, pthread_sigmask, sigwait

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from aisle.v1.admin_pb2 import GetStatusResponse, Replica, ReplicaState
from cli.client import DEFAULT_ADDRESS, Client
from shared.errors import AisleError

PORT = 9100
HOST = "127.0.0.1"
_LABELS = ("service", "address")
_ENDS = (SIGTERM, SIGINT)
_SERVING = ReplicaState.REPLICA_STATE_SERVING


class EngineCollector(Collector):
    """Metrics of one engine. If it does not answer, aisle_up 0 is the only one."""

    def __init__(self, engine: Client) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        """The current values."""
        try:
            status = self._engine.status()
        except AisleError:
            return [_gauge("aisle_up", "Whether the gateway answers.", 0)]
        return [
            _gauge("aisle_up", "Whether the gateway answers.", 1),
            *_of_engine(status),
            *_of_replicas(status),
        ]


def _of_engine(status: GetStatusResponse) -> Iterable[Metric]:
    yield _gauge("aisle_products", "Products that searches can find.", status.product_count)
    yield _gauge(
        "aisle_pending_writes",
        "Catalogue writes that searches do not show yet.",
        status.pending_writes,
    )
    yield _gauge("aisle_dead_letters", "Records that could not be applied.", status.dead_letter_count)
    yield _gauge("aisle_gateway_uptime_seconds", "Since the gateway was ready.", status.uptime_seconds)
    yield _gauge("aisle_log_answers", "Whether the gateway reaches the log.", not status.waiting_for)
    served = {
        "snapshot": status.snapshot_version,
        "bundle": status.bundle_version,
        "version": status.aisle_version,
    }
    yield InfoMetricFamily("aisle_served", "What is served.", value=served)
    counts = CounterMetricFamily(
        "aisle_gateway", "What the gateway has counted since it began.", labels=("event",)
    )
    for name, count in sorted(status.counts.items()):
        counts.add_metric((name,), count)
    yield counts


def _of_replicas(status: GetStatusResponse) -> Iterable[Metric]:
    serving = GaugeMetricFamily("aisle_replica_serving", "Whether a process is healthy.", labels=_LABELS)
    ejected = GaugeMetricFamily(
        "aisle_replica_ejected", "Whether the gateway sends it no calls.", labels=_LABELS
    )
    pending = GaugeMetricFamily("aisle_replica_pending_records", "Records not applied yet.", labels=_LABELS)
    behind = GaugeMetricFamily(
        "aisle_feedback_behind_seconds", "Age of the newest event that is not counted yet.", labels=_LABELS
    )
    for each in status.replicas:
        at = (each.service, each.address)
        serving.add_metric(at, each.state == _SERVING)
        ejected.add_metric(at, each.ejected)
        if each.HasField("status"):
            _add_progress(each, at, pending, behind)
    return serving, ejected, pending, behind


def _add_progress(
    replica: Replica, at: tuple[str, str], pending: GaugeMetricFamily, behind: GaugeMetricFamily
) -> None:
    if replica.service == "feedback":
        behind.add_metric(at, replica.status.behind_seconds)
    elif replica.service != "embedding":  # it follows no log
        pending.add_metric(at, replica.pending_records)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def main() -> None:
    """Answer Prometheus on port 9100 until asked to end."""
    parser = ArgumentParser(prog="python -m cli.exporter", description=__doc__.partition("\n")[0])
    default = os.environ.get("AISLE_ADDRESS", DEFAULT_ADDRESS)
    parser.add_argument(
        "--address",
        default=default,
        metavar="HOST:PORT",
        help="of the gateway; default: %(default)s",
    )
    parser.add_argument("--port", default=PORT, type=int, help="where Prometheus asks; default: %(default)s")
    parser.add_argument(
        "--host",
        default=HOST,
        help="where it listens; 0.0.0.0 is every address; default: %(default)s",
    )
    arguments = parser.parse_args()
    # Before threads start, so that they inherit it and sigwait receives the signals
    pthread_sigmask(SIG_BLOCK, _ENDS)
    with Client(arguments.address) as engine:
        registry = CollectorRegistry()
        registry.register(EngineCollector(engine))
        server, thread = start_http_server(arguments.port, arguments.host, registry)
        sigwait(_ENDS)
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    main()
