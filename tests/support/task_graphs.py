"""Random task graphs full of ties: few different durations, zero among them, and little of everything to share."""

from hypothesis import strategies as st

from narrowgauge.errors import InputError
from narrowgauge.sim import TaskGraph, run

DURATIONS_PS = (0, 0, 1, 2, 3)
BYTES = (0, 1, 2, 5)
RATES = (1, 3, 300_000, 1_000_000, 7_000_000)  # the slow ones make what is left over when work is divided count
CAUSES = ("ready_ps", "seated_ps", "start_ps", "end_ps", "waited_for", "let_in_by")


@st.composite
def plans(draw, most=10):
    """Calls that build a graph: resources, and tasks in an order in which each waits for earlier ones only. Slots are given back
    by a task at random, which may come too early or wait for those who need them."""
    units = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["fifo", "priority"])), min_size=1, max_size=2))
    channels = draw(st.lists(st.sampled_from(RATES), max_size=2))
    buffers = draw(st.lists(st.integers(1, 3), max_size=2))
    count = draw(st.integers(1, most))
    names = draw(st.permutations(range(count)))
    tasks = []
    for number in range(count):
        unit = draw(st.integers(-1, len(units) - 1))
        channel = draw(st.integers(-1, len(channels) - 1))
        task = {
            "name": f"t[{names[number]}]",
            "after": [tasks[i]["name"] for i in sorted(draw(st.sets(st.integers(0, number - 1), max_size=2)))] if number else [],
            "duration_ps": draw(st.sampled_from(DURATIONS_PS)),
            "acquire": {},
            "release": {},
        }
        if unit >= 0:
            task |= {"unit": f"u{unit}", "amount": draw(st.integers(1, units[unit][0])), "priority": draw(st.integers(0, 1))}
        if channel >= 0:
            task["transfer"] = (f"c{channel}", draw(st.sampled_from(BYTES)))
        for buffer, slots in enumerate(buffers):
            if draw(st.booleans()):
                task["acquire"][f"b{buffer}"] = draw(st.integers(1, slots))
        tasks.append(task)
    for number, task in enumerate(tasks):
        for buffer, slots in task["acquire"].items():
            early, never = draw(st.integers(0, 9)) == 9, draw(st.integers(0, 9)) == 9
            by = tasks[draw(st.integers(0 if early else number, count - 1))]
            if not never:
                by["release"][buffer] = by["release"].get(buffer, 0) + slots
    return units, channels, buffers, tasks


def build(plan, order=None, faster=1, more=0):
    """The graph of a plan; `order` is a permutation of the tasks, `faster` multiplies rates, `more` adds to capacities."""
    units, channels, buffers, tasks = plan
    graph = TaskGraph()
    for number, (capacity, how) in enumerate(units):
        graph.unit(f"u{number}", capacity + more, how)
    for number, rate in enumerate(channels):
        graph.channel(f"c{number}", rate * faster)
    for number, slots in enumerate(buffers):
        graph.buffer(f"b{number}", slots)
    for position in order if order is not None else range(len(tasks)):
        graph.task(**tasks[position])
    return graph


def outcome(graph, engine="compiled"):
    """Every column of the answer by task, or the text of the error."""
    try:
        schedule = run(graph, engine)
    except InputError as error:
        return str(error)
    columns = zip(*(getattr(schedule.times, column).tolist() for column in CAUSES), strict=True)
    return dict(zip(schedule.table.names, columns, strict=True))
