"""Everything that talks to asv: its configuration, results, environments and repositories."""
