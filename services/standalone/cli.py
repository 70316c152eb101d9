"""`aisle`: the command line, with the commands of services/standalone/commands."""

import sys

import typer

from services.standalone.commands import (
    bench,
    demo,
    evaluate,
    events,
    index,
    load,
    models,
    replay,
    search,
    serve,
    topics,
    train,
)
from shared.errors import AisleError

app = typer.Typer(
    name="aisle",
    help="Product search that learns from its shoppers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("demo")(demo.demo)
app.command("index")(index.index)
app.command("load")(load.load)
app.command("serve")(serve.serve)
app.command("search")(search.search)
app.command("events")(events.events)
app.command("topics")(topics.topics)
app.command("replay")(replay.replay)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(train.app, name="train")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run a command: exit code 0 on success, 1 on an error that is told in one line, 2 on wrong usage."""
    try:
        app()
    except AisleError as error:
        print(f"aisle: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
