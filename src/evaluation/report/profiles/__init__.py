"""A page for every municipality: one notebook run for each, rendered, and an index to find them by.

`batch.make_profiles` is the whole way; the other modules are its steps.
"""
