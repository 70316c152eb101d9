"""Names the extra that provides a missing package, in one line instead of a traceback."""

import sys
from pathlib import Path
from types import TracebackType

_OWN = {"cli", "services", "shared", "sample", "aisle", "bench", "tests"}
_TRAINING = {
    "accelerate", "datasets", "matplotlib", "psutil", "sentence_transformers", "torch", "transformers",
}  # fmt: skip
_SERVICES = {"gateway", "embedding", "retrieval", "reranker", "feedback"}
_COMMAND_LINE = "cli.app"


def needs_extra(missing: ModuleNotFoundError, extra: str = "standalone") -> str:
    """The missing package and the remedy. Empty if a module of our own is missing, which is a
    defect.

    `extra` provides the packages of the command or service. Training has its own extra.
    """
    package = (missing.name or "").partition(".")[0]
    if not package or package in _OWN:
        return ""
    chosen = "train" if package in _TRAINING else extra
    remedy = "run `make install`, or" if chosen == "train" else "run"
    return (
        f"needs extra {chosen!r}, since the package {package} is not "
        f"installed: {remedy} pip install '.[{chosen}]'"
    )


def say_what_is_missing() -> None:
    """Install an exception hook that reports a missing package in one line.

    It applies to `aisle` and `python -m services.NAME`.
    """
    module = _program()
    if not module.startswith(("cli.", "services.")):
        return

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        needed = needs_extra(error, _extra_of(module)) if isinstance(error, ModuleNotFoundError) else ""
        if not needed:
            sys.__excepthook__(kind, error, trace)
            return
        sys.stderr.write(f"{'aisle' if module == _COMMAND_LINE else module}: {needed}\n")

    sys.excepthook = report


def _program() -> str:
    """The module that this process was started to run. Empty if another program imports us."""
    if sys.argv[:1] == ["-m"]:  # its value until `python -m` has found the module
        return sys.orig_argv[sys.orig_argv.index("-m") + 1]
    return _COMMAND_LINE if sys.argv and Path(sys.argv[0]).name == "aisle" else ""


def _extra_of(module: str) -> str:
    service = module.split(".")[1]
    return service if service in _SERVICES else "standalone"
