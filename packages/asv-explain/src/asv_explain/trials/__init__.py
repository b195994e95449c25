"""Puts changed code back as it was and measures what that gives back."""
