"""An archive of a report from which a stranger can review it and make it again, without the raw data.

`archive.package` is the whole way; `contents` says what may not be in it, `readme` how to make the report again.
"""
