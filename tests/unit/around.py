"""Functions with something done before or after them, to be put in their place."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def around(
    function: Callable[P, R],
    *,
    before: Callable[[], None] = lambda: None,
    after: Callable[[], None] = lambda: None,
) -> Callable[P, R]:
    """The function, between what else happens whenever it is called."""

    def call(*arguments: P.args, **options: P.kwargs) -> R:
        before()
        result = function(*arguments, **options)
        after()
        return result

    return call
