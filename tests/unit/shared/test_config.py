from dataclasses import dataclass

import pytest

from shared.config import load, unknown


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
    environ = {
        "AISLE_KETTLE_PORT": "7",
        "AISLE_KETTLE_BOIL": "yes",
        "AISLE_KETTLE_TARGET_CELSIUS": "80",
    }
    assert load(KettleConfig, environ) == KettleConfig(port=7, boil=True, target_celsius=80.0)


@pytest.mark.parametrize("name", ["AISLE_KETTLE_PORT", "AISLE_KETTLE_BOIL"])
def test_a_value_that_does_not_fit_names_the_variable(name: str) -> None:
    with pytest.raises(SystemExit, match=f"{name}='maybe'"):
        load(KettleConfig, {name: "maybe"})


def test_a_config_that_checks_itself_stops_the_start() -> None:
    with pytest.raises(SystemExit, match=r"AISLE_KETTLE_.*above 100"):
        load(KettleConfig, {"AISLE_KETTLE_TARGET_CELSIUS": "120"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "AISLE_KETTLE_BOYL",
            "AISLE_KETTLE_BOYL is not a setting and has no effect; did you mean AISLE_KETTLE_BOIL?",
        ),
        (
            "AISLE_KETTLE_ZZZZZZZZZ",
            "AISLE_KETTLE_ZZZZZZZZZ is not a setting and has no effect; docs/configuration.md",
        ),
        (
            "AISLE_GATWAY_PORT",
            "AISLE_GATWAY_PORT is not a setting and has no effect; did you mean AISLE_GATEWAY_PORT?",
        ),
    ],
)
def test_a_variable_that_is_no_setting_is_named_with_what_it_may_mean(
    name: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {name: "1", "AISLE_KETTLE_PORT": "7"}
    load(KettleConfig, environ)
    load(KettleConfig, environ)
    assert [record.getMessage().startswith(said) for record in caplog.records] == [True]


def test_settings_of_other_processes_and_of_tools_are_not_named() -> None:
    environ = {
        "AISLE_GATEWAY_PORT": "1",
        "AISLE_ADDRESS": "x",
        "AISLE_TEST_KAFKA": "y",
        "PATH": "/bin",
    }
    assert list(unknown(KettleConfig, environ)) == []


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit, match="AISLE_KETTLE_TARGET_CELSIUS='nan'"):
        load(KettleConfig, {"AISLE_KETTLE_TARGET_CELSIUS": "nan"})
