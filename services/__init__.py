"""The services. Each folder is one process, and services call each other only over the wire."""

from shared.process_start import begin

begin()
