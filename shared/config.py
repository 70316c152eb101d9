"""Read a service's settings from the environment, once, at start."""

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

Config = TypeVar("Config")

_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def prefix_of(kind: type[Any]) -> str:
    """GatewayConfig reads AISLE_GATEWAY_*."""
    return "AISLE_" + kind.__name__.removesuffix("Config").upper()


def load(kind: type[Config], environ: Mapping[str, str] = os.environ) -> Config:
    """Build `kind` from variables named after it: GatewayConfig.port is AISLE_GATEWAY_PORT.

    Raises SystemExit naming the variable when a value does not fit its field.
    """
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


def _parse(name: str, text: str, kind: Any) -> Any:
    try:
        return _TRUTHS[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError) as error:
        raise SystemExit(f"{name}={text!r} is not a valid {kind.__name__}") from error
