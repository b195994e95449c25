"""What can be done to code that makes it slower: one module for each family of kinds."""
