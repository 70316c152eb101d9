"""What shoppers opened after which queries, so that a query learns from others that are near it."""
