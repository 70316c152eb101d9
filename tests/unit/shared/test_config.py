from dataclasses import dataclass

import pytest

from shared.config import load


@dataclass(frozen=True)
class KettleConfig:
    port: int = 50051
    boil: bool = False
    target_celsius: float = 95.0

    def __post_init__(self) -> None:
        if self.target_celsius > 100:
            raise ValueError("target_celsius is above 100; water does not get hotter")


def test_defaults_hold_where_the_environment_is_silent() -> None:
    assert load(KettleConfig, {}) == KettleConfig()


def test_variables_are_named_after_the_field() -> None:
    environ = {"AISLE_KETTLE_PORT": "7", "AISLE_KETTLE_BOIL": "yes", "AISLE_KETTLE_TARGET_CELSIUS": "80"}
    assert load(KettleConfig, environ) == KettleConfig(port=7, boil=True, target_celsius=80.0)


@pytest.mark.parametrize("name", ["AISLE_KETTLE_PORT", "AISLE_KETTLE_BOIL"])
def test_a_value_that_does_not_fit_names_the_variable(name: str) -> None:
    with pytest.raises(SystemExit, match=f"{name}='maybe'"):
        load(KettleConfig, {name: "maybe"})


def test_a_config_that_checks_itself_stops_the_start() -> None:
    with pytest.raises(SystemExit, match=r"AISLE_KETTLE_.*above 100"):
        load(KettleConfig, {"AISLE_KETTLE_TARGET_CELSIUS": "120"})
