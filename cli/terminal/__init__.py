"""What a person sees: tables, bars and lines in a terminal."""
