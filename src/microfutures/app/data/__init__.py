"""`microfutures data`: market history in, and what the store tells."""
