"""The forms in which an explanation and its profiles are shown."""
