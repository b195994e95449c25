"""Known slowdowns in real packages: of which kind they are, and how large in truth."""
