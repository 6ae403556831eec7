"""What a folder holds: a class or an operation a file, and no list of them.

A file of it that cannot be used is left out with a warning, so that all that others give goes on.
"""

import contextlib
import importlib
import inspect
import pkgutil
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from inrhw.base.errors import InputError, said_by
from inrhw.base.programs.stopping import Stopped, stoppable
from inrhw.base.settings import is_of, type_words

T = TypeVar("T")


class LeftOut(UserWarning):
    """A file in a folder cannot be used; the message is one clear sentence."""


def left_out(file: str, reason: str) -> None:
    """Warn that a file is left out."""
    warnings.warn(f"{file} is left out: {reason}; mend it or move it elsewhere", LeftOut, stacklevel=2)


def modules_in(package: ModuleType) -> tuple[ModuleType, ...]:
    """Return the modules and packages in a package, by name, less those that cannot be imported.

    Examples
    --------
    >>> import inrhw.base
    >>> "inrhw.base.discovery" in [module.__name__ for module in modules_in(inrhw.base)]
    True
    """
    modules = (
        imported(f"{package.__name__}.{name}", f"{folder}/{name}{'' if is_package else '.py'}")
        for folder in package.__path__
        for _, name, is_package in pkgutil.iter_modules([folder])
    )
    return tuple(module for module in modules if module is not None)


def imported(name: str, path: str) -> ModuleType | None:
    """Return the module of a name, which lies at a path; None, with a warning, if it cannot be imported."""
    with leaving_out(path):
        return importlib.import_module(name)
    return None


def reason_in(path: str, error: BaseException) -> str:
    """Return what an error says, after the line of a file, or of one in a folder, where it came from.

    Examples
    --------
    >>> reason_in("boards/mine.py", KeyError("bits"))
    "KeyError: 'bits'"
    """
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"line {frame.lineno}, " for frame in frames if frame.filename.startswith(path)]
    kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
    return f"{lines[-1] if lines else ''}{kind}{said_by(error)}"


@contextlib.contextmanager
def faults_of(path: str, *passed: type[Exception]) -> Iterator[None]:
    """Raise InputError, which says the line, for whatever a file of a user raises in the block.

    Parameters
    ----------
    path
        Of the file.
    passed
        What it may raise on purpose.
    """
    try:
        with stoppable():
            yield
    except BaseException as error:
        if isinstance(error, (Stopped, *passed)):  # a signal is no fault of the file
            raise
        raise InputError(reason_in(path, error)) from error


@contextlib.contextmanager
def leaving_out(path: str) -> Iterator[None]:
    """Warn that a file is left out if it raises anything in the block, which ends then."""
    try:
        with faults_of(path):
            yield
    except InputError as error:
        left_out(path, str(error))


@contextlib.contextmanager
def blamed(cls: type, *passed: type[Exception]) -> Iterator[None]:
    """Raise InputError that names a class and its file for what `faults_of` does."""
    path = inspect.getfile(cls)
    try:
        with faults_of(path, *passed):
            yield
    except InputError as error:
        raise InputError(f"{cls.__name__} in {path} cannot be used: {error}") from error.__cause__


def defining(modules: Iterable[ModuleType], *kinds: type) -> tuple[ModuleType, ...]:
    """Return the modules that define a class of one of the kinds; of others it warns."""
    of_use = {module: any(classes_in(module, kind) for kind in kinds) for module in modules}
    for module in (module for module, used in of_use.items() if not used):
        left_out(str(module.__file__), f"it defines no {' or '.join(kind.__name__ for kind in kinds)} to use")
    return tuple(module for module, used in of_use.items() if used)


def classes_in(module: ModuleType, kind: type[T]) -> list[type[T]]:
    """Return the classes of a kind that a module defines, less those that lack what the kind asks for.

    Examples
    --------
    >>> import inrhw.base.errors
    >>> "InputError" in [cls.__name__ for cls in classes_in(inrhw.base.errors, Exception)]
    True
    """
    own = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, kind) and value.__module__ == module.__name__
    )
    found = []
    for cls in own:
        if fault := next(_faults(cls, kind), ""):
            left_out(f"{cls.__name__} in {module.__file__}", fault)
        else:
            found.append(cls)
    return found


def _faults(cls: type, kind: type) -> Iterator[str]:
    """Yield what keeps a class of a kind from use: what it lacks, and what has no right value."""
    if methods := getattr(cls, "__abstractmethods__", ()):
        yield f"it lacks {', '.join(sorted(methods))}"
    for name, hint in _class_variables(cls):
        if not hasattr(cls, name):
            yield f"it lacks {name}"
        elif not is_of(hint, value := getattr(cls, name)):
            yield f"{name} must be {type_words(hint)}, not {value!r:.60}"
        elif isinstance(value, type) and get_origin(hint) is type:
            faults = _faults(value, *get_args(hint))
            yield from (f"{name} {value.__name__} cannot be used, {fault}" for fault in faults)
    if inspect.isfunction(kind.__init__):  # type: ignore[misc]
        yield from _refused(cls, kind)


def _refused(cls: type, kind: type) -> Iterator[str]:
    """Yield what of the arguments of its kind a class does not take, or needs besides."""
    own, taken = inspect.signature(cls), inspect.signature(kind)
    given = {name: None for name, each in taken.parameters.items()}
    needed = {name: None for name, each in taken.parameters.items() if each.default is each.empty}
    try:
        own.bind(*needed)
        own.bind(*given)
        own.bind(**given)
    except TypeError as error:
        yield f"__init__ must take ({', '.join(given)}) as that of {kind.__name__} does: {error}"


def _class_variables(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the name and type of each class variable that a class or a base declares."""
    for base in cls.__mro__:
        hints: dict[str, Any] = inspect.get_annotations(base)
        yield from ((name, get_args(hint)[0]) for name, hint in hints.items() if get_origin(hint) is ClassVar)


def by_name(classes: Iterable[type[T]], name_of: Callable[[type[T]], str], what: str) -> dict[str, type[T]]:
    """Return classes by their names; those that share one are left out.

    Parameters
    ----------
    classes
        The classes.
    name_of
        Returns the name of one.
    what
        Such a name is called, for the warning.
    """
    found: dict[str, list[type[T]]] = {}
    for cls in classes:
        found.setdefault(name_of(cls), []).append(cls)
    for name, same in found.items():
        for cls in same if len(same) > 1 else ():
            left_out(
                f"{cls.__name__} in {inspect.getfile(cls)}", f"another class has the {what} {name!r}, too"
            )
    return {name: same[0] for name, same in found.items() if len(same) == 1}
