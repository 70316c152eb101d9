"""The services: each folder is one process, and they meet only on the wire."""

from shared.process_start import begin

begin()
