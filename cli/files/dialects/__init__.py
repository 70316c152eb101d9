"""What the rows of a catalogue file mean: one module for each shop system or feed specification."""
