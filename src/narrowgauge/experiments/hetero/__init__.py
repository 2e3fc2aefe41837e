"""Heterogeneous machines: what an operator costs on each device, where it runs, and when.

`host_lines` and `pim_line` price, `placement` decides, `schedule` runs a pass on the task-graph engine, `predict` answers.
"""
