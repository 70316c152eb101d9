"""The model workshop: judged queries and a catalogue in, a bundle of models out."""
