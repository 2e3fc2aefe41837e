"""A CPU as a simple machine: cores with vector pipes, clocks, memory that one core and all of them can draw from."""
