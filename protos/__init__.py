"""What the services say to each other: package aisle.v1, and the Python made from it by `make protos`."""
