"""Solvers: in which order the nodes of a graph run."""
