"""Rules of users: what an operator costs that srbench does not know.

    @srbench.count_rule("mine::conv")
    def rule(x, weight):
        return x[0] * x[2] * x[3] * prod(weight)

A rule stands in the file of the network, so that every process that builds the network has it.
"""

import re
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, TypeVar

from torch import Tensor

from srbench import private
from srbench.errors import InputError
from srbench.measure import operators, products

Rule = Callable[..., int]
_R = TypeVar("_R", bound=Rule)

_RULES: dict[str, Rule] = {}
_NAME = re.compile(r"\w+::\w+")


def count_rule(operator: str) -> Callable[[_R], _R]:
    """Say what an operator of one's own costs, in the file that defines the network.

        @srbench.count_rule("mine::conv")
        def rule(x, weight):
            return x[0] * x[2] * x[3] * prod(weight)

    The function is called as the operator is, with a tuple of sides in place of each tensor; where it takes ``out``, it
    gets the shape of the output too. It gives Multi-Adds (1 multiply-add = 1) for the whole batch.

    Args:
        operator: namespace and name as ``torch.library`` has them, such as ``mine::conv``; without the overload.

    Returns:
        What takes the function, and gives it back.

    Raises:
        InputError: no such name, or an operator that srbench counts, or holds free, itself.
    """
    if not _NAME.fullmatch(operator):
        raise InputError(f"count_rule({operator!r}): write namespace::name, such as mine::conv")
    if operator.startswith("aten::") and operators.sort_by_name(operator) != "unknown":
        raise InputError(f"count_rule({operator!r}): papers leave this operator out, so a rule for it compares nothing")
    if products.counts(operator):
        raise InputError(f"count_rule({operator!r}): srbench counts this operator itself")

    def keep(rule: _R) -> _R:
        _RULES[operator] = rule
        return rule

    return keep


def cost_by_rule(
    operator: Any,
) -> Callable[[tuple[Any, ...], Mapping[str, Any], object], int] | None:
    """What works out an operator's Multi-Adds by a rule of the user's, or by torch's registry of formulas.

    ``torch.utils.flop_counter.register_flop_formula`` gives FLOPs, which are twice the Multi-Adds.

    Args:
        operator: an ``OpOverload``.

    Returns:
        A function of arguments, arguments with a name, and output; None where there is no rule.
    """
    name = operators.name_of(operator)
    if (rule := _RULES.get(name)) is not None:
        wants_out = "out" in signature(rule).parameters

        def by_rule(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: object) -> int:
            named = {key: _shapes(value) for key, value in kwargs.items()}
            if wants_out:
                named["out"] = _shapes(out)
            return _checked(rule(*map(_shapes, args), **named), name)

        return by_rule
    if (formula := private.flop_formula(operator.overloadpacket)) is not None:
        return lambda args, kwargs, out: -(-_checked(formula(*args, **kwargs, out_val=out), name) // 2)
    return None


def has_rule(operator: Any) -> bool:
    """Whether somebody said what an operator costs."""
    return operators.name_of(operator) in _RULES or private.flop_formula(operator.overloadpacket) is not None


def _shapes(value: object) -> object:
    """An argument with a tuple of sides in place of each tensor."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, list | tuple):
        return type(value)(map(_shapes, value))
    return value


def _checked(given: object, name: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise InputError(f"the count rule of {name} gives {given!r}; it must give a whole number of Multi-Adds")
    return given
