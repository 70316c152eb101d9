"""Products that shoppers opened after each query, so that a query benefits from similar queries."""
