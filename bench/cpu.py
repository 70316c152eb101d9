"""The processor's name and cores, for reports."""

from shared.inference.cpu import read_cpu


def cpu() -> str:
    """A text such as "AMD EPYC, 2 cores"."""
    known = read_cpu()
    return f"{known.name}, {known.cores} cores"
