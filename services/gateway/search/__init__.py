"""Search: a query becomes a page."""
