"""From a kernel's record to a task graph: one task per CTA, step and stage, on the units of the SM that the CTA runs on.

Loads run ahead from one step into the next and from one CTA into the next on its slot, `depth` steps at most; the multiplier
takes the steps in order. That is how multistage and warp-specialised kernels work and, through co-resident CTAs, how simpler
ones look from the memory's side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narrowgauge.dataflows.event.actions import charges
from narrowgauge.dataflows.event.cta import SHARED, WAIT, CtaKernel, Span, Stage
from narrowgauge.dataflows.event.grid import NOTHING, Floats, Grid, Ints
from narrowgauge.sim.graph import TaskGraph
from narrowgauge.units import PS_PER_US, us_to_ps

Group = list[Ints]  # tasks that start together: per stage, a handle for every step (or CTA)
FOR_ALL = (*SHARED, "launch", "link")  # units of which the GPU has one


def task_graph(kernels: Sequence[CtaKernel], sm_count: int) -> TaskGraph:
    """One graph of kernels that run one after the other on a GPU of `sm_count` SMs."""
    graph = TaskGraph()
    for resource in FOR_ALL:
        graph.unit(resource)
    last: Ints = np.zeros(0, np.int64)
    for number, kernel in enumerate(kernels):
        operator = kernel.name if len(kernels) == 1 else f"{kernel.name}-{number + 1}"
        last = _Lowering(graph, kernel, operator, sm_count).run(last)
    return graph


class _Lowering:
    """Adds one kernel to a graph."""

    def __init__(self, graph: TaskGraph, kernel: CtaKernel, operator: str, sm_count: int) -> None:
        self.graph, self.kernel, self.operator, self.sm_count = graph, kernel, operator, sm_count
        self.grid = Grid.of(kernel, sm_count)
        self.charges = charges(kernel)

    def run(self, after: Ints) -> Ints:
        """Put the kernel behind the tasks `after`; returns the tasks that end it."""
        start = self._spans(self.kernel.before, after)
        return self._spans(self.kernel.after, self._ctas(start) if len(self.kernel.steps) else start)

    def _spans(self, spans: tuple[Span, ...], after: Ints) -> Ints:
        for span in spans:
            handle = self.graph.task(
                f"{self.operator}.{span.category}",
                after=after.tolist(),
                unit=span.resource if span.resource in FOR_ALL else None,
                duration_ps=us_to_ps(span.us),
                operator=self.operator,
                category=span.category,
                actions=self.charges.pop(span.category, {}),
            )
            after = np.array([handle])
        return after

    def _ctas(self, start: Ints) -> Ints:
        kernel, grid = self.kernel, self.grid
        once = np.ones(len(grid.first))
        ctas = np.arange(len(once))
        steps = self._chain(kernel.stages, grid.cta, grid.share, "step")
        opening = self._chain(kernel.prologue, ctas, once, "prologue")
        closing = self._chain(kernel.epilogue, ctas, once, "epilogue")
        ends = closing[-1] if closing else [handles[grid.last] for handles in steps[-1]]
        if closing:
            self._behind_all(closing[0], [handles[grid.last] for handles in steps[-1]])
        work = [handles[grid.first] for handles in steps[kernel.computes_from]]
        if opening:
            self._behind_all(work, opening[-1])
        self._after_predecessor(opening[0] if opening else work, ends, start)
        self._load_ahead(steps, start)
        return np.concatenate(ends)

    def _after_predecessor(self, first: Group, ends: Group, start: Ints) -> None:
        """The work of a CTA waits for the start of the kernel and for the CTA that had its slot."""
        posted = [stage.posted for stage in self.kernel.epilogue[-len(ends) :]] or [False] * len(ends)
        waits = self.grid.before != NOTHING
        for handles in first:
            for begin in start.tolist():
                self.graph.depend(handles, np.full(len(handles), begin))
            for done, is_posted in zip(ends, posted, strict=True):
                if not is_posted:
                    self.graph.depend(handles[waits], done[self.grid.before[waits]])

    def _load_ahead(self, steps: list[Group], start: Ints) -> None:
        """A load waits for the step whose place in the pipeline it takes; a latency lets `depth` − 1 of them overlap."""
        depth = self.kernel.depth
        early = self.grid.place < depth
        for handles in steps[0]:
            for begin in start.tolist():
                self.graph.depend(handles[early], np.full(int(early.sum()), begin))
        self._behind_earlier(steps[0], steps[-1], depth)
        leaders = [stage for stage in self.kernel.stages if not stage.beside]
        for stage, group in zip(leaders, steps, strict=True):
            if stage.serial:
                self._behind_earlier(group, steps[-1], 1)
            elif stage.resource == WAIT and depth > 1:
                self._behind_earlier(steps[0], group, depth - 1)

    def _behind_earlier(self, later: Group, earlier: Group, count: int) -> None:
        """`later` of each step waits for `earlier` of the step that many steps before it on the slot."""
        before = self.grid.earlier(count)
        number = np.flatnonzero(before != NOTHING)
        self._behind_all([handles[number] for handles in later], [handles[before[number]] for handles in earlier])

    def _behind_all(self, later: Group, earlier: Group) -> None:
        for handles in later:
            for ends in earlier:
                self.graph.depend(handles, ends)

    def _chain(self, stages: tuple[Stage, ...], cta: Ints, share: Floats, part: str) -> list[Group]:
        """Tasks of all stages, each behind the one before; stages that run side by side form one group."""
        groups: list[Group] = []
        for number, stage in enumerate(stages):
            handles = self._stage(stage, f"{self.operator}.{part}{number}.{stage.category}", cta, share)
            if stage.beside:
                groups[-1].append(handles)
            else:
                groups.append([handles])
            if len(groups) > 1:
                self._behind_all([handles], groups[-2])
        return groups

    def _stage(self, stage: Stage, name: str, cta: Ints, share: Floats) -> Ints:
        """Handles of one stage's tasks. Ties go to the earlier step, then to the earlier CTA."""
        duration_ps = np.rint(stage.us * share * PS_PER_US).astype(np.int64)
        step = self.grid.step if len(cta) == len(self.grid.cta) else np.zeros_like(cta)
        order = step * len(self.grid.first) + cta
        counts = {action: count / share.sum() * share for action, count in self.charges.pop(stage.resource, {}).items()}
        if self.kernel.pooled and stage.resource not in (WAIT, *self.graph.resources):
            self.graph.unit(stage.resource, self.sm_count)
        if stage.resource == WAIT or stage.resource in self.graph.resources:
            unit = None if stage.resource == WAIT else stage.resource
            return self.graph.tasks(
                name, order, unit=unit, duration_ps=duration_ps, actions=counts, operator=self.operator, category=stage.category
            )
        handles, sms = np.empty(len(cta), np.int64), self.grid.sm[cta]
        for sm in np.unique(sms).tolist():
            mine = sms == sm
            unit = f"sm{sm}.{stage.resource}"
            if unit not in self.graph.resources:
                self.graph.unit(unit)
            handles[mine] = self.graph.tasks(
                f"sm{sm}.{name}",
                order[mine],
                unit=unit,
                duration_ps=duration_ps[mine],
                actions={action: count[mine] for action, count in counts.items()},
                operator=self.operator,
                category=stage.category,
            )
        return handles
