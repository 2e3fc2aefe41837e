"""The constraints of a channel applied to a history of commands: the definition that the faster engines are held against.

`legal_at` reads the rows of the standard as they are written: the latest of `last command + latency` over all rows."""

from __future__ import annotations

from collections.abc import Iterator

from narrowgauge.sim.dram.hierarchy import nodes, reached, siblings
from narrowgauge.sim.dram.rows import expand
from narrowgauge.sim.dram.standard import BankSet, Constraint, Level, Standard


class ChannelTiming:
    """When may a command be issued? The state of rows is not looked at here."""

    def __init__(self, standard: Standard) -> None:
        self._standard = standard
        self._issued: dict[tuple[int, int], list[int]] = {}  # (row, node): cycles of the commands that count there
        self._holds: dict[tuple[str, int], list[tuple[list[int], Constraint]]] = {}
        self._enters: dict[tuple[str, int], list[list[int]]] = {}

    def legal_at(self, command: str, bank: int) -> int:
        """The first cycle at which no row forbids `command` at `bank`."""
        if (command, bank) not in self._holds:
            self._holds[command, bank] = list(self._find_holds(command, bank))
        first = 0
        for cycles, row in self._holds[command, bank]:
            if len(cycles) >= row.window:
                first = max(first, cycles[-row.window] + row.latency_cycles)
        return first

    def issue(self, command: str, bank: int, at_cycle: int) -> None:
        """Record a command; raises ValueError where a row forbids it."""
        if at_cycle < (first := self.legal_at(command, bank)):
            raise ValueError(f"{command} to bank {bank} at cycle {at_cycle} is illegal before {first}")
        if (command, bank) not in self._enters:
            self._enters[command, bank] = list(self._find_entries(command, bank))
        for cycles in self._enters[command, bank]:
            cycles.append(at_cycle)

    def _find_holds(self, command: str, bank: int) -> Iterator[tuple[list[int], Constraint]]:
        for number, row in enumerate(self._standard.constraints):
            if command in expand(row.after, self._standard.commands, row.scope):
                for other in self._spread(command, row, bank):
                    yield self._cycles(number, row, other), row

    def _find_entries(self, command: str, bank: int) -> Iterator[list[int]]:
        for number, row in enumerate(self._standard.constraints):
            if command in expand(row.before, self._standard.commands, row.scope):
                for other in self._spread(command, row, bank):
                    targets = siblings(self._standard.organisation, row.scope, other) if row.others else (other,)
                    yield from (self._cycles(number, row, target) for target in targets)

    def _cycles(self, number: int, row: Constraint, bank: int) -> list[int]:
        return self._issued.setdefault((number, nodes(self._standard.organisation)[bank][row.scope]), [])

    def _spread(self, command: str, row: Constraint, bank: int) -> tuple[int, ...]:
        """A command to several banks stands on the node of each of them; on nodes that they share, once."""
        found = self._standard.commands[command]
        if found.level is not Level.BANK or found.banks is BankSet.BANK:
            return (bank,)
        banks = reached(self._standard.organisation, found.banks, bank)
        numbers = nodes(self._standard.organisation)
        return tuple({numbers[other][row.scope]: other for other in reversed(banks)}.values())
