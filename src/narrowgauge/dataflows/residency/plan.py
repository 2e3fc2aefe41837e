"""A plan: which operator runs when, what is on chip meanwhile, what is read from and written to DRAM."""

from __future__ import annotations

from dataclasses import dataclass

from narrowgauge.dataflows.residency.graph import TensorGraph


@dataclass(frozen=True)
class Step:
    """One operator: tensors read from DRAM before it, all on chip while it runs, tensors written to DRAM after it."""

    operator: int
    reads: tuple[str, ...]
    resident: frozenset[str]
    writes: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Steps, and whether no plan moves fewer bytes (`exact`)."""

    graph: TensorGraph
    capacity_bytes: int
    steps: tuple[Step, ...]
    exact: bool

    @property
    def order(self) -> tuple[int, ...]:
        """Operators in the order in which they run."""
        return tuple(step.operator for step in self.steps)

    @property
    def off_chip_bytes(self) -> int:
        """All bytes read and written."""
        return sum(self.graph.total((*step.reads, *step.writes)) for step in self.steps)

    @property
    def noncompulsory_bytes(self) -> int:
        """Bytes beyond every input read and every result written once."""
        return self.off_chip_bytes - self.graph.compulsory_bytes

    @property
    def peak_bytes(self) -> int:
        """The most that is on chip at once."""
        return max(self.graph.total(step.resident) for step in self.steps)

    def faults(self) -> list[str]:
        """Every rule that the plan breaks, by playing it through; none for a valid plan."""
        graph, found = self.graph, []
        on_chip: frozenset[str] = frozenset()
        off_chip, done = set(graph.inputs), set()
        for number, step in enumerate(self.steps):
            name = graph.operators[step.operator].name
            arrived = {*step.reads, graph.operators[step.operator].output}
            checks = (
                (set(step.reads) <= off_chip, "reads what is not off chip"),
                (all(t in on_chip or t in arrived for t in step.resident), "holds what nobody brought"),
                (graph.working_set(step.operator) <= step.resident, "lacks an operand"),
                (graph.total(step.resident) <= self.capacity_bytes, "exceeds the capacity"),
                (set(step.writes) <= step.resident, "writes what is not on chip"),
                (all(graph.makers[t] in done for t in graph.operators[step.operator].inputs if t in graph.makers), "runs early"),
            )
            found += [f"step {number}, {name}: {what}" for holds, what in checks if not holds]
            off_chip |= set(step.writes)
            on_chip = step.resident
            done.add(step.operator)
        if sorted(done) != list(range(len(graph.operators))) or len(self.steps) != len(graph.operators):
            found.append("not every operator runs once")
        found += [f"result '{name}' is not off chip at the end" for name in graph.results if name not in off_chip]
        return found
