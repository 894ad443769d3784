"""Is this machine fit for measuring? What it is, what disturbs it now, whether its clocks and counters are true."""
