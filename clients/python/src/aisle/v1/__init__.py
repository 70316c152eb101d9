"""Messages and stubs, made from protos/aisle/v1 by `make protos`."""
