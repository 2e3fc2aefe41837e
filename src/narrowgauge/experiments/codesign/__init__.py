"""Co-design as an integer program: one option per item (bits of a layer, of an expert), least loss, within budgets."""

from narrowgauge.experiments.codesign.choice import Budget, Choice, Problem, choose, choose_each

__all__ = ["Budget", "Choice", "Problem", "choose", "choose_each"]
