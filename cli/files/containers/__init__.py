"""The containers of a catalogue file's rows: JSON, delimited text, XML, Parquet."""
