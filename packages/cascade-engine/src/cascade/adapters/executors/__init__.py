"""Executors: how a call is made."""
