"""The pages on which an explanation is looked at in a browser."""
