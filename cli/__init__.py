"""What a person types: the command line `aisle`, and the programs beside it."""

from shared.process_start import begin

begin()
