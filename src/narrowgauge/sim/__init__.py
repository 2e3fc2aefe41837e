"""Task graphs and the engines that run them: `graph` is what a graph says, `run` how it is run, `schedule` the answer."""

from narrowgauge.sim.graph import TaskGraph
from narrowgauge.sim.run import Engine, run
from narrowgauge.sim.schedule import Schedule

__all__ = ["Engine", "Schedule", "TaskGraph", "run"]
