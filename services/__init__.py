"""The services: each folder is one process, and they meet only on the wire."""

from shared.extras import say_what_is_missing

say_what_is_missing()
