"""One module in, one result out: counts, runtime, memory, and the statistics of their samples."""
