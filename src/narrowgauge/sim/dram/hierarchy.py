"""Where a bank stands in a channel: numbers of the nodes above it, and the banks that a command reaches."""

from __future__ import annotations

from functools import cache

from narrowgauge.sim.dram.standard import BankSet, Level, Organisation


def bank_number(org: Organisation, pseudo_channel: int, rank: int, bank_group: int, bank: int) -> int:
    """The number of a bank in its channel: pseudo-channel, rank, group, bank, the last running fastest."""
    return ((pseudo_channel * org.ranks + rank) * org.bank_groups + bank_group) * org.banks_per_group + bank


@cache
def nodes(org: Organisation) -> tuple[tuple[int, ...], ...]:
    """For each bank the number of its node on each level; numbers are distinct over all levels."""
    ranks = org.pseudo_channels * org.ranks
    first = {
        Level.CHANNEL: 0,
        Level.PSEUDO_CHANNEL: 1,
        Level.RANK: 1 + org.pseudo_channels,
        Level.BANK_GROUP: 1 + org.pseudo_channels + ranks,
        Level.BANK: 1 + org.pseudo_channels + ranks + ranks * org.bank_groups,
    }
    width = {
        Level.CHANNEL: org.channel_banks,
        Level.PSEUDO_CHANNEL: org.ranks * org.banks,
        Level.RANK: org.banks,
        Level.BANK_GROUP: org.banks_per_group,
        Level.BANK: 1,
    }
    return tuple(tuple(first[level] + bank // width[level] for level in Level) for bank in range(org.channel_banks))


@cache
def reached(org: Organisation, banks: BankSet, bank: int) -> tuple[int, ...]:
    """The banks that a command of that set reaches from `bank`."""
    every = range(org.channel_banks)
    rank = bank // org.banks
    match banks:
        case BankSet.BANK:
            return (bank,)
        case BankSet.GROUP:
            return tuple(b for b in every if b // org.banks_per_group == bank // org.banks_per_group)
        case BankSet.HALF:
            return tuple(b for b in every if b // org.banks == rank and b % 2 == bank % 2)
        case BankSet.RANK:
            return tuple(b for b in every if b // org.banks == rank)
        case BankSet.SAME:
            return tuple(b for b in every if b % org.banks_per_group == bank % org.banks_per_group)
        case BankSet.PSEUDO:
            per_pseudo = org.ranks * org.banks
            return tuple(b for b in every if b % per_pseudo == bank % per_pseudo)
        case BankSet.ALL:
            return tuple(every)


def siblings(org: Organisation, level: Level, bank: int) -> tuple[int, ...]:
    """One bank of each other node of `level` below the same parent."""
    numbers = nodes(org)
    mine = numbers[bank]
    found = {row[level]: other for other, row in reversed(list(enumerate(numbers))) if row[level - 1] == mine[level - 1]}
    return tuple(other for node, other in sorted(found.items()) if node != mine[level])
