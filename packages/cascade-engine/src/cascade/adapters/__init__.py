"""What an engine is put together from: solvers, executors, state backends."""
