"""`aisle demo`: the guided tour on the sample catalogue."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from shutil import which
from typing import Annotated

import typer
from rich.text import Text

from cli.client import Client
from cli.commands.serve import serve as serve_data
from cli.demo_shop import DemoShop
from cli.guide import Guide
from cli.guide_recommendations import RecommendationGuide
from cli.options import Data
from cli.standalone_process import running_engine
from cli.terminal.console import out, say, waiting
from cli.terminal.work_bars import WorkBars

DEMO_DATA = Path("data/demo")
LOOP = "loop"  # a folder in it


def demo(
    data: Data = DEMO_DATA,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the sample shop instead of showing it.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port for --serve; 0 takes a free one.")
    ] = 50051,
    loop: Annotated[
        bool, typer.Option("--loop", help="Show how the sample shop learns from shoppers, instead.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --loop: go on without asking.")] = False,
) -> None:
    """A guided tour: indexes and serves a sample shop, and sends it five
    instructive queries over gRPC, and asks for recommendations.

    With --loop simulated shoppers search and click for some days, which pass in a minute or two.
    The page learns, a script and a poisoned model are held off, and a rollback undoes it.
    """
    started = time.perf_counter()
    shop = DemoShop(data)
    _prepare(shop)
    if serve:
        serve_data(data, port)
        return
    if loop:
        from cli.loop.telling import tell_loop  # loads the whole engine into this process

        tell_loop(data, data / LOOP, is_asking=sys.stdin.isatty() and not yes)
        return
    with ExitStack() as stack:
        with waiting("Starting the engine ..."):
            engine = stack.enter_context(Client(stack.enter_context(running_engine(data))))
            status = engine.status()
        engines = ", ".join(f"{role} {name}" for role, name in sorted(status.engines.items()))
        say(f"Serving {status.product_count:,} products over gRPC ({engines})")
        guide = Guide(out, engine, shop.products())
        guide.show()
        RecommendationGuide(out, engine, guide.visitor_id).show()
    _farewell(data, time.perf_counter() - started)


def _prepare(shop: DemoShop) -> None:
    from cli.files.indexed import index_file  # loads the encoder's libraries

    with waiting("Writing the sample shop ..."):
        count = shop.write()
    say(f"The sample shop: {count:,} products in {shop.catalog}")
    if shop.indexed():
        say("Its snapshot exists already; nothing to encode")
        return
    with WorkBars.shown() as bars:
        report = index_file(shop.catalog, shop.data, progress=bars)
    shop.note_indexed()
    say(f"Indexed in {report['seconds']} s: words, vectors, token states, columns")


def _farewell(data: Path, seconds: float) -> None:
    sample = data / "sample"
    tries = (
        ("this shop on port 50051, until Ctrl-C", "aisle demo --serve"),
        ("ask it, from another terminal", 'aisle search "gift for a runner" --explain'),
        ("your own catalogue, one JSON object a line", "aisle index YOURS.jsonl --data shop"),
        (
            "how well this one ranks, tier by tier",
            (
                f"aisle evaluate --data {data} --queries {sample}/queries_dev.tsv "
                f"--judgments {sample}/judgments_dev.tsv"
            ),
        ),
    )
    out.print()
    title = Text(f" That was the tour, in {seconds:.0f} s. Try next ", style="bold green")
    out.rule(title, align="left", style="green")
    for about, command in [*_activation(), *tries]:
        out.print(Text(f"  {about}", style="dim"))
        # In one line, so that it can be copied
        out.print(Text(f"    {command}", style="bold"), soft_wrap=True)


def _activation() -> list[tuple[str, str]]:
    """The command that puts `aisle` on the shell's path. Empty if it is there already."""
    folder = Path(sys.prefix) / "bin"
    script = folder / "activate"
    if which("aisle") == str(folder / "aisle") or not script.is_file():
        return []
    near = script.is_relative_to(Path.cwd())
    return [
        (
            "run this first, so that your shell finds aisle",
            f". {script.relative_to(Path.cwd()) if near else script}",
        )
    ]
