"""Benchmarks and the writer of the demo posts: one command each. Knows the program, and nothing in it knows them."""
