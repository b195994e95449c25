"""The command behind `make explain`: asv over the milestones, and what came out of it."""
