"""What holds the rows of a catalogue file: JSON, a table of delimited text, XML, Parquet."""
