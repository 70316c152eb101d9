"""The command line `aisle`, and related programs."""

from shared.process_start import begin

begin()
