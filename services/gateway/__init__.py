"""Here is a query, give me a page: search, catalogue writes, event intake."""
