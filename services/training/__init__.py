"""Trains models: from judged queries, a catalogue and shoppers' actions to a bundle."""
