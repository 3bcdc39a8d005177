"""Two reports side by side: what differs between them, most important first.

`difference.compare` finds it; `sections` puts it in words, `show` on a terminal and on a page.
"""
