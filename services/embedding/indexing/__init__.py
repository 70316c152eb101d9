"""The catalogue in; vectors and snapshots out."""
