"""What goes wrong on the user's side."""


class InputError(ValueError):
    """The command or its input is wrong and nothing was measured: one line, the thing and the way out; exit code 2."""
