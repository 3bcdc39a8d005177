"""Measured claims: one module a claim, run by `make bench` and `make proof`."""
