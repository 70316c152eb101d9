"""`aisle`: the command line, with the commands of cli/commands."""

import io
import os
import sys

import typer

from cli.commands import (
    adapt,
    bench,
    delete,
    demo,
    evaluate,
    events,
    export,
    frontier,
    get,
    index,
    learn,
    load,
    models,
    recommend,
    replay,
    search,
    serve,
    status,
    tables,
    topics,
    train,
)
from shared import early_stops, owner_only
from shared.errors import AisleError
from shared.extras import needs_extra
from shared.process_end import one_line

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
app.command("recommend")(recommend.recommend)
app.command("get")(get.get)
app.command("delete")(delete.delete)
app.command("status")(status.status)
app.command("export")(export.export)
app.command("events")(events.events)
app.command("tables")(tables.tables)
app.command("learn")(learn.learn)
app.command("topics")(topics.topics)
app.command("replay")(replay.replay)
app.command("evaluate")(evaluate.evaluate)
train.app.command("adapt")(adapt.adapt)
train.app.command("frontier")(frontier.train_frontier)
app.add_typer(train.app, name="train")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


_INTERRUPTED = 130  # a shell's exit code after Ctrl-C


def main() -> None:
    """Run a command.

    Exit code 0 on success, 1 after an error, reported in one line, 2 on wrong usage.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter of a title shows "?"
            stream.reconfigure(errors="replace")
    owner_only.begin()
    early_stops.raise_again()
    try:
        app()
    except BrokenPipeError:  # the reader, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (AisleError, ModuleNotFoundError, OSError, UnicodeEncodeError) as error:
        print(f"aisle: {_in_one_line(error)}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            _leave_at_once()
        if isinstance(ended.code, str):  # the reason, such as a missing setting
            sys.exit(f"aisle: {ended.code}")
        raise


def _in_one_line(error: AisleError | ModuleNotFoundError | OSError | UnicodeEncodeError) -> str:
    if isinstance(error, ModuleNotFoundError):
        if not (needed := needs_extra(error)):
            raise error
        return needed
    if isinstance(error, UnicodeEncodeError):  # an argument that is not valid text
        return f"{str(error.object)[:60]!r} is not valid UTF-8; type it in a terminal that is set to UTF-8"
    return one_line(error)


def _leave_at_once() -> None:
    """End after Ctrl-C, once the command has cleaned up.

    Do not wait for a thread that is still encoding.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
