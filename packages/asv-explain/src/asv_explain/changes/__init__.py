"""What changed between two commits, read from git and from the sources."""
