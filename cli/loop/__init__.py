"""The loop of learning on the sample shop, in one process and on a clock that runs through days."""
