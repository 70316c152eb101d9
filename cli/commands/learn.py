"""`aisle learn`: look now whether what shoppers did makes a better ranker."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import DATA, Data, Json
from cli.terminal.console import out, print_json, say, waiting
from cli.terminal.learning_table import report_lines, rounds_table
from shared import clock
from shared.config import load
from shared.errors import NotFound


def learn(
    data: Data = DATA,
    force: Annotated[
        bool, typer.Option("--force", help="Learn even if nothing says that it is time to.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show how the last rounds ended, and learn nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Learn from what shoppers did with their pages, now.

    A new ranker is judged on later pages than those that taught it. It is used if it is better
    beyond chance. A server may serve the folder meanwhile, and then goes over to it by itself.
    """
    if not data.is_dir():
        raise NotFound(f"{data}: there is no such data folder; name one that was served, with --data")
    if status:
        _show_rounds(data, as_json)
        return
    with waiting("Learning", quiet=as_json):
        report = _learnt(data, force)
    if as_json:
        print_json(report)
        return
    for line in report_lines(report):
        say(line)


def _learnt(data: Path, force: bool) -> dict[str, Any]:
    from services.training.learning.config import TrainerConfig
    from services.training.learning.job import Learner

    joined = exported(data)
    report = Learner(data, load(TrainerConfig), wait_seconds=0.0).look(clock.now(), force).report()
    return {**report, "joined_records": joined}


def exported(data: Path) -> int:
    """Bring the tables up to the log, unless a server does so. Returns the count of new records."""
    from services.standalone import served_address
    from services.standalone.folder_tables import export
    from services.standalone.log_acceptance import LOG

    if served_address.serving(data) or not (data / LOG).is_file():
        return 0
    return asyncio.run(export(data))


def _show_rounds(data: Path, as_json: bool) -> None:
    from services.training.learning.state import LearningState, in_words

    reports = LearningState.read(data).reports
    if as_json:
        print_json({"rounds": list(reports)})
        return
    if not reports:
        say("no round of learning yet; `aisle learn` looks now")
        return
    out.print(rounds_table(reports))
    say(f"the last one: {in_words(reports[-1])}")
