"""The meaning of catalogue rows: one module for each shop system or feed specification."""
