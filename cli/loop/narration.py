"""Prepares a folder for the story of the loop, narrates it, and says how to go on."""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from rich.text import Text

from cli.loop.engine import LoopEngine
from cli.loop.simulated_time import SimulatedTime
from cli.loop.story import MOST_DAYS, Story
from cli.terminal.console import out, progress, say, waiting

_SNAPSHOTS = "snapshots"


def narrate_loop(shop: Path, data: Path, is_asking: bool) -> None:
    """Narrate the loop on a copy of the sample shop's snapshot, in DATA, which begins anew.

    `is_asking` waits for a person between the parts.
    """
    started = time.perf_counter()
    if data.exists():
        if is_asking:
            typer.confirm(f"{data} is from an earlier time. Begin anew?", default=True, abort=True)
        shutil.rmtree(data)
    data.mkdir(parents=True)
    shutil.copytree(shop / _SNAPSHOTS, data / _SNAPSHOTS)
    asyncio.run(_narrate(data, is_asking))
    _farewell(data, time.perf_counter() - started)


async def _narrate(data: Path, is_asking: bool) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = today - timedelta(days=MOST_DAYS)
    async with AsyncExitStack() as stack:
        with waiting("Starting the server ..."):
            opened = LoopEngine.open(data, SimulatedTime(begins.timestamp()))
            engine = await stack.enter_async_context(opened)
        await Story(out, engine, _pause if is_asking else _go_on, progress).tell()


def _pause() -> None:
    typer.prompt("  Enter goes on", default="", show_default=False, prompt_suffix=" ")


def _go_on() -> None:
    """Nobody is there to press a key."""


def _farewell(data: Path, seconds: float) -> None:
    out.print()
    title = Text(f" That was the loop, in {seconds:.0f} s. Go on with ", style="bold green")
    out.rule(title, align="left", style="green")
    for about, command in (
        ("how the rounds ended", f"aisle learn --status --data {data}"),
        ("the models, and what is in use", f"aisle models list --data {data}"),
        ("use the newest good one again", f"aisle models promote NAME --data {data}"),
        ("what shoppers did, a day each", f"aisle tables --data {data}"),
        ("serve this shop, which then learns by itself", f"aisle serve --data {data}"),
    ):
        out.print(Text(f"  {about}", style="dim"))
        out.print(Text(f"    {command}", style="bold"), soft_wrap=True)
    say("It shows that the loop works, on an invented shop. It proves nothing about yours.")
