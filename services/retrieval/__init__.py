"""Here is a query and its vector, give me candidates."""
