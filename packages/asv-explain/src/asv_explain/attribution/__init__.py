"""From two profiles and the changed code to what each change cost; all of it pure."""
