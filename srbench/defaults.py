"""How long `profile` measures where nothing else is said. The command line's help and the calls from Python read it."""

#: Fresh processes for each case.
ROUNDS = 8
#: Seconds of passes for a case, shared by its processes.
BUDGET_S = 15.0
#: Seconds of passes in further rounds, for a case whose interval is still too wide.
PATIENCE_S = 15.0
#: Seconds after which a process is ended.
TIMEOUT_S = 300.0
