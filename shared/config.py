"""Reads a service's settings from the environment, once, at start."""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, TypeVar, get_type_hints

Config = TypeVar("Config")

_LOG = logging.getLogger(__name__)
SECTIONS = (
    "EMBEDDING",
    "FEATURES",
    "FEEDBACK",
    "GATEWAY",
    "INDEXING",
    "JOIN",
    "KAFKA",
    "LOG",
    "REDIS",
    "RERANKER",
    "RETRIEVAL",
    "TRAINER",
)  # sections of all processes; a process ignores the settings of others
# Sections of the command line, of CI and of tests
_OF_TOOLS = ("ADDRESS", "CI", "SERVICES", "TEST")
_LONGEST_CHARACTERS = 100  # of a name that is compared with known ones
_ALIKE = 0.85  # higher than the similarity that the section alone gives
_named: set[str] = set()

_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def prefix_of(kind: type[Any]) -> str:
    """The prefix of a config's variables: GatewayConfig reads AISLE_GATEWAY_*."""
    return "AISLE_" + kind.__name__.removesuffix("Config").upper()


def load(kind: type[Config], environ: Mapping[str, str] = os.environ) -> Config:
    """Build `kind` from variables named after it: GatewayConfig.port is AISLE_GATEWAY_PORT.

    Raises SystemExit naming the variable if a value does not fit its field.
    """
    for warning in unknown(kind, environ):
        if warning not in _named:
            _named.add(warning)
            _LOG.warning(warning)
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        name = f"{prefix_of(kind)}_{field.name.upper()}"
        if name in environ:
            given[field.name] = _parse(name, environ[name], hints[field.name])
    try:
        return kind(**given)
    except ValueError as error:  # a config may check itself in __post_init__
        raise SystemExit(f"{prefix_of(kind)}_*: {error}") from error


def unknown(kind: type[Any], environ: Mapping[str, str]) -> Iterator[str]:
    """Warnings about AISLE_ variables without effect.

    These are in the section of `kind` and none of its settings, or in no known section.
    """
    known = [f"{prefix_of(kind)}_{field.name.upper()}" for field in fields(kind)]
    sections = {prefix_of(kind), *(f"AISLE_{name}" for name in (*SECTIONS, *_OF_TOOLS))}
    for name in sorted(each for each in environ if each.startswith("AISLE_")):
        section = "_".join(name.split("_")[:2])
        if section == prefix_of(kind) and name not in known:
            yield _unknown_setting(name, known)
        elif section not in sections:
            yield _unknown_setting(name, [f"{each}_{name.removeprefix(section)[1:]}" for each in sections])


def _unknown_setting(name: str, known: list[str]) -> str:
    shown = name[:_LONGEST_CHARACTERS]
    close = get_close_matches(shown, known, n=1, cutoff=_ALIKE)
    hint = f"; did you mean {close[0]}?" if close else "; docs/configuration.md has every setting"
    return f"{shown} is not a setting and has no effect{hint}"


def _parse(name: str, text: str, kind: Any) -> Any:
    try:
        value = _TRUTHS[text.lower()] if kind is bool else kind(text)
        if value != value:  # NaN, which passes every check
            raise ValueError
        return value
    except (ValueError, KeyError) as error:
        raise SystemExit(f"{name}={text!r} is not a valid {kind.__name__}") from error
