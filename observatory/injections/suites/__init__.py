"""The benchmarks of the packages that are injected into, one module each, as asv runs them."""
