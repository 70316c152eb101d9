"""The event log on Kafka, for many processes."""
