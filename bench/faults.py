"""Processes that die and servers that are down, under load: python -m bench.faults [--kills 200].

The sample shop runs as processes, with two gateways, two retrievals and two rerankers, over a Kafka
and a Redis of its own. Pages, writes and events continue all the time. One random process at a time
is killed (SIGKILL) and started again at once. Then Redis, Kafka, the embedding service and the
rerankers are down for a while, each in turn. In the end all acknowledged records must exist, and
only once; otherwise the run fails.
"""

import argparse
import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np

from bench.work_folder import work_folder
from tests.faults import (
    Fault,
    Probes,
    kill,
    missed,
    missed_seconds,
    pages_of,
    probes_of,
    take_down,
    unexcused,
)
from tests.gateways import Gateways
from tests.load import Load, Pace
from tests.reckoning import reckon
from tests.sample_shop import product_ids_of, queries_of
from tests.shop import QUICK, REPLICAS, SMALL_SNAPSHOTS, Shop, running_shop

AWAY = ("redis", "kafka", "embedding", "reranker")
BOUGHT = 200  # different products
PAUSE_SECONDS = 1.0  # between two faults


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="the sample shop, indexed before")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--outage-seconds", type=float, default=60.0, help="0: none")
    parser.add_argument(
        "--of", nargs="+", default=None, metavar="NAME", help="kill and take away these alone"
    )
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with work_folder(arguments.data) as place:
        settings = {**QUICK, **SMALL_SNAPSHOTS}
        with running_shop(place.copied(), place.folder / "run", REPLICAS, settings) as shop:
            asyncio.run(_suffer(shop, place.sample, arguments))


async def _suffer(shop: Shop, sample: Path, arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    random = Random(arguments.seed)
    async with (
        Gateways(shop.processes.gateway) as gateways,
        probes_of(gateways, shop) as probes,
        Load(gateways, queries_of(sample), product_ids_of(sample)[:BOUGHT], Pace()) as load,
    ):
        names = [name for name in shop.names if not arguments.of or name.partition("-")[0] in arguments.of]
        kills = [await _killed(shop, random.choice(names), probes) for _ in range(arguments.kills)]
        services = [name for name in AWAY if not arguments.of or name in arguments.of]
        outages = await _outages(
            shop, services if arguments.outage_seconds else (), arguments.outage_seconds, probes
        )
    print(f"\n{len(kills)} kills and {len(outages)} outages in {time.monotonic() - began:.0f} s")
    _print_kills(load, kills)
    _print_outages(load, outages)
    _print_promises(load, [*kills, *outages.values()])
    await reckon(shop, load.promised)
    print(
        "every acknowledged product and event is there, once, in "
        "order; counters are those of a replay of the log"
    )


async def _killed(shop: Shop, name: str, probes: Probes) -> Fault:
    fault = await kill(shop, name, probes)
    whole = ", ".join(f"{probe} {seconds:.1f} s" for probe, seconds in fault.whole_seconds.items())
    print(f"{name}: serves after {fault.serving_seconds:.1f} s; first {whole}", flush=True)
    await asyncio.sleep(PAUSE_SECONDS)
    return fault


async def _outages(
    shop: Shop,
    services: Sequence[str],
    seconds: float,
    probes: Probes,
) -> dict[str, Fault]:
    """All processes of a service at once."""
    faults = {}
    for service in services:
        for held_up in (False, True):
            outage = f"{service} {'stands still' if held_up else 'is away'}"
            print(outage, flush=True)
            faults[outage] = await take_down(shop, service, seconds, probes, held_up)
            await asyncio.sleep(PAUSE_SECONDS)
    return faults


def _print_kills(load: Load, kills: Sequence[Fault]) -> None:
    by_service: defaultdict[str, list[Fault]] = defaultdict(list)
    for fault in kills:
        by_service[fault.name.partition("-")[0]].append(fault)
    print("\nseconds from the kill, p50 and most")
    print("| killed | times | serves again | page as always | write shown | event counted |")
    print("| --- | --- | --- | --- | --- | --- |")
    for service, faults in sorted(by_service.items()):
        probes = ("page", "write", "event")
        columns = [[fault.whole_seconds[probe] for fault in faults] for probe in probes]
        serving = _spread([fault.serving_seconds for fault in faults])
        print(f"| {service} | {len(faults)} | {serving} | {' | '.join(map(_spread, columns))} |")
    print(
        "\npages until all was as always; those that went out without the dead, "
        "and for how long, p50 and most"
    )
    print("| killed | pages | failed | without it | seconds |")
    print("| --- | --- | --- | --- | --- |")
    for service, faults in sorted(by_service.items()):
        pages = [(page, missed(page, fault)) for fault in faults for page in pages_of(load, fault)]
        failed = sum(bool(page.failure) for page, _ in pages)
        less = sum(without for _, without in pages)
        seconds = _spread([missed_seconds(load, fault) for fault in faults])
        print(f"| {service} | {len(pages)} | {failed} | {less} | {seconds} |")


def _spread(values: Sequence[float]) -> str:
    return f"{np.median(values):.1f}, {max(values):.1f}"


def _print_outages(load: Load, outages: Mapping[str, Fault]) -> None:
    if not outages:
        return
    print(
        "\n| while | pages | failed | tiers | what was left out | whole again, seconds after it came back |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for outage, fault in outages.items():
        pages = pages_of(load, fault)
        tiers = Counter(page.tier for page in pages if page.tier)
        notes = Counter(note.partition(":")[0] for page in pages for note in page.left_out)
        after = max(fault.whole_seconds.values()) - fault.serving_seconds
        failed = sum(bool(page.failure) for page in pages)
        counts = f"{_counts(tiers)} | {_counts(notes)}"
        print(f"| {outage} | {len(pages)} | {failed} | {counts} | {after:.1f} |")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name.removeprefix('TIER_').lower()} {count}" for name, count in counts.most_common())


def _print_promises(load: Load, faults: Sequence[Fault]) -> None:
    failed = sum(bool(page.failure) for page in load.pages)
    others = unexcused(load, faults)
    print(f"\n{len(load.pages)} pages; {failed} failed, {len(others)} of them not in a killed gateway")
    for page in others[:20]:
        print(f"  {page.failure}")
    events = sum(map(len, load.promised.events.values()))
    print(
        f"{load.promised.log_position} records of the catalogue, "
        f"{events} events; sent again: {_counts(load.refused)}"
    )


if __name__ == "__main__":
    main()
