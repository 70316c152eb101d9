"""The processor cores that this process may use."""

import os
from pathlib import Path

# "200000 100000": microseconds in each period; "max": no limit
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def core_count(quota: Path = _QUOTA) -> int:
    """Cores by affinity and, in a container, by its quota; at least 1."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, min(cores, _by_quota(quota) or cores))


def _by_quota(quota: Path) -> int:
    """The quota in whole cores, rounded down, at least 1. 0 if there is none."""
    try:
        limit, _, period = quota.read_text().partition(" ")
        return max(1, int(limit) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return 0
