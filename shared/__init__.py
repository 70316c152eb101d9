"""What every service needs; each module imports only its own library."""
