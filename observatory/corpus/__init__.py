"""Real slowdowns of published packages, and what their maintainers say was guilty."""
