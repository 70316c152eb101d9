"""How good recommendations are, by a split in time, and what they show of the shop."""
