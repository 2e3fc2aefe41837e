"""One module per question; `narrowgauge.kernels.discovery.load_benches` imports them all. Nothing is imported here."""
