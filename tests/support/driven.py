"""A core whose bus a test drives."""

from typing import Any


class Driven:
    """A whole core, clocked by hand, with m_axis always ready."""

    def __init__(self, ctx: Any, top: Any) -> None:
        self.ctx, self.top = ctx, top
        self.beats: list[tuple[int, int, int]] = []
        ctx.set(top.aresetn, 1)
        ctx.set(top.m_axis_tready, 1)

    async def tick(self) -> None:
        ctx, top = self.ctx, self.top
        if ctx.get(top.m_axis_tvalid):
            beat = (ctx.get(top.m_axis_tdata), ctx.get(top.m_axis_tuser), ctx.get(top.m_axis_tlast))
            self.beats.append(beat)
        ctx.set(top.aclk, 1)
        ctx.set(top.aclk, 0)
