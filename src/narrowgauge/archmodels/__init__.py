"""Hardware: specifications as data, and the machine that is built from them."""
