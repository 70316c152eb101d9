"""What each way of serving costs and is worth: `aisle train frontier`."""
