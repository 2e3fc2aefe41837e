"""The constraints of a channel applied to a history of commands: the definition that the faster engines are held against.

`legal_at` reads the rows of the standard as they are written: the latest of `last command + latency` over all rows."""

from __future__ import annotations

from narrowgauge.sim.dram.hierarchy import nodes, reached, siblings
from narrowgauge.sim.dram.rows import expand
from narrowgauge.sim.dram.standard import BankSet, Constraint, Level, Standard


class ChannelTiming:
    """When may a command be issued? The state of rows is not looked at here."""

    def __init__(self, standard: Standard) -> None:
        self._standard = standard
        self._nodes = nodes(standard.organisation)
        self._before: dict[str, list[Constraint]] = {name: [] for name in standard.commands}
        self._after: dict[str, list[Constraint]] = {name: [] for name in standard.commands}
        for row in standard.constraints:
            for name in expand(row.before, standard.commands, row.scope):
                self._before[name].append(row)
            for name in expand(row.after, standard.commands, row.scope):
                self._after[name].append(row)
        self._issued: dict[tuple[int, int], list[int]] = {}
        self._numbers = {id(row): number for number, row in enumerate(standard.constraints)}

    def legal_at(self, command: str, bank: int) -> int:
        """The first cycle at which no row forbids `command` at `bank`."""
        first = 0
        for row in self._after[command]:
            for other in self._spread(command, row, bank):
                times = self._issued.get((self._numbers[id(row)], self._nodes[other][row.scope]), [])
                if len(times) >= row.window:
                    first = max(first, times[-row.window] + row.latency_cycles)
        return first

    def issue(self, command: str, bank: int, at_cycle: int) -> None:
        """Record a command; raises ValueError where a row forbids it."""
        if at_cycle < (first := self.legal_at(command, bank)):
            raise ValueError(f"{command} to bank {bank} at cycle {at_cycle} is illegal before {first}")
        for row in self._before[command]:
            for other in self._spread(command, row, bank):
                targets = siblings(self._standard.organisation, row.scope, other) if row.others else (other,)
                for target in targets:
                    key = (self._numbers[id(row)], self._nodes[target][row.scope])
                    self._issued.setdefault(key, []).append(at_cycle)

    def _spread(self, command: str, row: Constraint, bank: int) -> tuple[int, ...]:
        """A command to several banks stands on the node of each of them; on nodes that they share, once."""
        found = self._standard.commands[command]
        if found.level is not Level.BANK or found.banks is BankSet.BANK:
            return (bank,)
        banks = reached(self._standard.organisation, found.banks, bank)
        return tuple({self._nodes[other][row.scope]: other for other in reversed(banks)}.values())
