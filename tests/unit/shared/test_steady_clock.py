from dataclasses import dataclass

from shared.steady_clock import SteadyClock

DAY = 86_400.0
HOUR = 3_600.0


@dataclass
class Machine:
    """A wall clock that can be set, and the time since the machine was started."""

    wall: float = 1_000 * DAY
    running: float = 0.0

    def clock(self, newest_seconds: float | None = None) -> SteadyClock:
        return SteadyClock(newest_seconds, lambda: self.wall, lambda: self.running)

    def go_on(self, seconds: float) -> None:
        self.wall += seconds
        self.running += seconds


def test_a_clock_that_nobody_sets_is_the_wall_clock() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.go_on(3 * DAY)
    assert clock.now() == machine.wall


def test_a_jump_ahead_does_not_count_and_is_forgotten_once_the_clock_is_right() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += 8 * DAY
    machine.go_on(HOUR / 2)
    assert clock.now() == machine.wall - 8 * DAY
    machine.wall -= 8 * DAY
    assert clock.now() == machine.wall
    machine.wall += 8 * DAY
    machine.go_on(HOUR * 0.75)
    assert clock.now() == machine.wall - 8 * DAY


def test_a_jump_ahead_that_has_stood_for_an_hour_counts() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += 8 * DAY
    clock.now()
    machine.go_on(HOUR)
    assert clock.now() == machine.wall


def test_a_jump_back_counts_at_once() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall -= 8 * DAY
    assert clock.now() == machine.wall


def test_at_a_start_the_time_goes_on_from_the_newest_thing_known_until_the_clock_has_stood_for_an_hour() -> (
    None
):
    machine = Machine()
    clock = machine.clock(newest_seconds=machine.wall - 10 * DAY)
    assert clock.now() == machine.wall - 10 * DAY
    machine.go_on(HOUR)
    assert clock.now() == machine.wall
