"""A snapshot that follows the log. Later changes are kept in append-only arrays."""
