"""How fast, how much slower, how sure: each module is a command that prints a table."""
