"""Running both commits in turns, and saying from the rounds whether one is slower."""
