"""What shoppers did with the pages that they saw: tables to learn from."""
