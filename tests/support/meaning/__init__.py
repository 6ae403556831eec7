"""A second model of the networks, in plain Python integers, from docs/semantics.md alone.

It imports nothing of inrhw, and no numpy or torch: whatever the page does not say, it cannot know. Each
function names the section that it follows. Where a network differs from it, the page or the code is wrong.
"""
