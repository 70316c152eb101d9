"""Here are candidates, give me an order."""
