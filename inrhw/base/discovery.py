"""What a folder holds: a class or an operation a file, and no list of them."""

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules_in(package: ModuleType) -> tuple[ModuleType, ...]:
    """Return the modules and packages in a package, by name.

    Examples
    --------
    >>> import inrhw.base
    >>> "inrhw.base.discovery" in [module.__name__ for module in modules_in(inrhw.base)]
    True
    """
    names = (found.name for found in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)


def classes_in(module: ModuleType, kind: type[T]) -> list[type[T]]:
    """Return the classes of a kind that a module defines, but for abstract ones.

    Examples
    --------
    >>> import inrhw.base.errors
    >>> "InputError" in [cls.__name__ for cls in classes_in(inrhw.base.errors, Exception)]
    True
    """
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, kind)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
