"""What was counted and sampled on one side: read, added up, and matched with the other side."""
