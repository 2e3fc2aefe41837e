"""Names of the columns of the integer arrays in which the compiled engine works."""

from __future__ import annotations

# columns of `commands`
BUFFER, LOCKSTEP, FIRST_UPDATE, END_UPDATE = range(4)
# columns of `updates`: after a command, `FOLLOWS` waits `LATENCY` on the node of level `LEVEL`
LEVEL, FOLLOWS, LATENCY, MODE, WINDOW, HISTORY = range(6)
# modes of an update: on the command's own nodes, on their siblings, counted from the WINDOW-th last command
OWN, OTHERS, WINDOWED = range(3)
# columns of `kinds`
COLUMN, OPEN, CLOSE, WRITE, DONE, SINGLE = range(6)
# places of `facts`; commands that a standard lacks are -1
PRECHARGE_ALL, REFRESH_ALL, PRECHARGE, REFRESH_BANK, INTERVAL, RAS, RANK_BANKS, RANKS, BUFFERS, SEVERAL, HISTORIES = range(11)
#: no command, request, row; later than everything
NONE = -1
#: in place of a request: a precharge for a refresh that yields, which goes before column commands
URGENT = -2
NEVER = 1 << 62
# columns of requests; DRAIN: 1 where all data before must have ended
KIND, BANK, ROW, GROUP, DRAIN = range(5)
# columns of times
ADMITTED, ISSUED, ENDED = range(3)
# places of rules; refresh: 0 none, 1 whole ranks, 2 bank after bank
DEPTH, CAP, OUTSTANDING, CLOSED_POLICY, AHEAD, REFRESH, STAGGERED, YIELDING = range(8)
# columns of lists: a row buffer and the requests that wait for it. OPEN_ROW is NONE while closed; SERVED counts column
# commands since it was opened, HOLD ends nRAS, CLOSER closes it (NONE where another bank leads); READ and WRITE are the
# oldest requests whose row is open; PLACE is where the list stands among the active ones; WANT at
# WANT_BANK brings the oldest request nearer to its row, from READY on at the earliest
OPEN_ROW, SERVED, HOLD, CLOSER, FIRST, LAST, READ, WRITING, PLACE, WANT, WANT_BANK, READY = range(12)
# places of scalars; STALE and STALE_HITS: 1 where the choice of the next row and column command must be made anew; CHANGED: the
# only list whose want has changed since a row command was chosen, or NONE; LATEST: last end of data; FREED and FINISHED count
# reads, then writes
DUE, OLDEST, LISTED, LOGGED, LATEST, STALE, STALE_HITS, CHANGED, FREED, _, FINISHED = range(11)
# columns of links between requests of a list
LATER, SOONER = range(2)
# columns of ranks; REFRESHING: the bank whose refresh waits (0 for a whole rank), NONE if none does; NEXT: when the next is due
OPEN_BANKS, OPEN_SINCE, ACTIVE_CYCLES, REFRESHING, NEXT = range(5)
