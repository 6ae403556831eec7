"""A second model of the networks, in plain Python integers, by docs/semantics.md and its pages.

It imports nothing of inrhw, and no numpy or torch. Each function names the section that it follows, and what
the pages do not say must not be here. Where a network differs from it, the pages or the code is wrong.
"""
