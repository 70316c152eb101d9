from shared.redis.recent_bytes import RecentBytes


def test_bytes_are_admitted_again_once_those_before_have_expired() -> None:
    now = 0.0
    recent = RecentBytes(100, span_seconds=60, clock_seconds=lambda: now)
    assert [recent.admits(40) for _ in range(3)] == [True, True, False]
    now = 30
    assert recent.admits(20) and not recent.admits(1)
    now = 60
    assert [recent.admits(40) for _ in range(3)] == [True, True, False]


def test_what_is_larger_than_all_is_never_admitted_and_does_not_count() -> None:
    recent = RecentBytes(100, span_seconds=60)
    assert not recent.admits(101)
    assert recent.admits(100)
