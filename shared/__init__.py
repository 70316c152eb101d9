"""Code that several services need. Each module imports only its own library."""
