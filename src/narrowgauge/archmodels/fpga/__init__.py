"""An FPGA accelerator as a roofline: multipliers at a clock, memory at a utilisation that its design reaches."""
