"""The features of this machine's processor."""

import os
import platform
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor's name, its instruction sets, and the number of cores that this process may
    use.
    """

    name: str
    flags: frozenset[str]
    cores: int

    @property
    def has_bf16(self) -> bool:
        """Whether it has bf16 products. Only a trial tells whether they are faster than float32 ones."""
        return bool(self.flags & {"avx512_bf16", "amx_bf16", "bf16"})

    @property
    def has_vnni(self) -> bool:
        """Whether 8-bit products are summed in 32 bits, so that 8-bit weights cannot overflow."""
        return bool(self.flags & {"avx512_vnni", "avx_vnni", "asimddp"})


def read_cpu() -> Cpu:
    """This machine's processor, without flags if the system does not list them."""
    text = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    lines = [line.partition(":") for line in text.split("\n\n")[0].splitlines()]
    values = {name.strip(): value.strip() for name, _, value in lines}
    flags = frozenset((values.get("flags") or values.get("Features") or "").split())
    return Cpu(values.get("model name") or platform.processor() or platform.machine(), flags, _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_cuda() -> bool:
    """Whether an NVIDIA GPU and torch are available. Does not import torch."""
    return Path("/dev/nvidia0").exists() and find_spec("torch") is not None
