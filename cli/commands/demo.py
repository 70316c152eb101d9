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
from sample.folder import ENGLISH
from sample.languages.reading import LANGUAGES
from sample.tour import stops_in
from shared.errors import InvalidRequest

DEMO_DATA = Path("data/demo")
_SPOKEN = (ENGLISH, *LANGUAGES)
LOOP = "loop"  # a folder in it


def demo(  # noqa: PLR0913 (a command's options are its parameters)
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
    language: Annotated[
        str,
        typer.Option(
            help="A smaller shop in another language, by default in data/demo-LANGUAGE.",
            metavar="|".join(_SPOKEN),
        ),
    ] = ENGLISH,
    yes: Annotated[bool, typer.Option("--yes", help="With --loop: go on without asking.")] = False,
) -> None:
    """A guided tour: indexes and serves a sample shop, and sends it a few
    instructive queries over gRPC, and asks for recommendations.

    With --loop simulated shoppers search and click for some days, which pass in a minute or two.
    The page learns, a script and a poisoned model are held off, and a rollback undoes it.
    """
    _check(language, loop)
    if data == DEMO_DATA and language != ENGLISH:
        data = DEMO_DATA.with_name(f"{DEMO_DATA.name}-{language}")
    shop = DemoShop(data, language)
    started = time.perf_counter()
    _prepare(shop)
    if serve:
        serve_data(data, port)
        return
    if loop:
        from cli.loop.narration import narrate_loop  # loads the whole server into this process

        narrate_loop(data, data / LOOP, is_asking=sys.stdin.isatty() and not yes)
        return
    _tour(shop)
    _farewell(shop, time.perf_counter() - started)


def _tour(shop: DemoShop) -> None:
    with ExitStack() as stack:
        with waiting("Starting the server ..."):
            engine = stack.enter_context(Client(stack.enter_context(running_engine(shop.data))))
            status = engine.status()
        engines = ", ".join(f"{role} {name}" for role, name in sorted(status.engines.items()))
        say(f"Serving {status.product_count:,} products over gRPC ({engines})")
        guide = Guide(out, engine, shop.products())
        guide.show(stops_in(shop.language))
        if shop.language == ENGLISH:  # whose tour clicks
            RecommendationGuide(out, engine, guide.visitor_id).show()


def _check(language: str, loop: bool) -> None:
    if language not in _SPOKEN:
        raise InvalidRequest("--language", f"is {language!r}; use one of {', '.join(_SPOKEN)}")
    if loop and language != ENGLISH:
        raise InvalidRequest("--loop", "its shoppers speak English only; leave out --language")


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


def _farewell(shop: DemoShop, seconds: float) -> None:
    data = shop.data
    sample = data / "sample"
    is_english = shop.language == ENGLISH
    serve = "aisle demo --serve" if is_english else f"aisle demo --language {shop.language} --serve"
    query = "gift for a runner" if is_english else stops_in(shop.language)[0].query
    tries = (
        ("this shop on port 50051, until Ctrl-C", serve),
        ("ask it, from another terminal", f'aisle search "{query}" --explain'),
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
