"""Here is what the shopper did."""
