"""What is watched, and how well the watching works."""
