"""Processes beside this one: forked from a server that has the libraries ready, stopped with us."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import pickle  # nosec B403
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any, Generic, NamedTuple, TypeVar

from ingest.collector import keep_shared, look_seldom
from ingest.errors import with_causes

_Result = TypeVar("_Result")


class EndedFromWithoutError(Exception):
    """A process beside this one was ended by somebody else, perhaps for want of memory."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def begin_serving(preload: Sequence[str]) -> ForkServerContext:
    """Start the server, if it does not run yet, which imports those modules while we go on.

    It is one for the life of this process: what asks first decides what it has ready.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload])
    with _interrupts_held_back():
        forkserver.ensure_running()
    return context


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach, which goes to every process of a terminal.

    This one is told, and what it starts, which takes over what is held back here, is not in the
    midst of its imports, and neither is what that forks. The tracker, which is started too, would
    let go of what is held back: it is started before.
    """
    resource_tracker.ensure_running()
    held_back = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held_back)


def begin_worker() -> None:
    """See that this process, a worker, is stopped by who started it, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whoever started all this may have it ignored, and an exit waits for who is asked to end.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Here(Generic[_Result]):
    """A call that waits until it is asked for, and is carried out in this process then."""

    def __init__(self, call: Callable[..., _Result], *arguments: object) -> None:
        self._call, self._arguments = call, arguments

    def result(self) -> _Result:
        """What the call returns; it raises what the call raises."""
        return self._call(*self._arguments)

    def stop(self) -> None:
        """Nothing is under way."""


class _Process:
    """A process that was started here, and what it says."""

    _talk: Connection
    _process: BaseProcess

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._talk.close()
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


class Beside(_Process, Here[_Result]):
    """A call that is carried out in a process of its own, while this one goes on.

    `call` is a function of a module, and it, what it is given and what it returns can be pickled.
    `preload` are modules to have ready, where no server runs yet. With `forked` it is a copy of
    this process, which has at hand what is in memory here: what it is given may be anything that
    does not hang on other threads of this process. All that is in memory then is looked through by
    the collector no more.
    """

    def __init__(
        self,
        call: Callable[..., _Result],
        *arguments: object,
        preload: Sequence[str] = (),
        forked: bool = False,
    ) -> None:
        super().__init__(call, *arguments)
        context = multiprocessing.get_context("fork") if forked else begin_serving(preload)
        if forked:
            keep_shared()
        self._talk, answering = context.Pipe(duplex=False)
        self._process = context.Process(target=_carry_out, args=(answering, call, arguments))
        self._process.start()
        answering.close()

    def result(self) -> _Result:
        """What the call returned, once it has.

        Raises
        ------
        EndedFromWithoutError
            The process is gone and has said nothing.
        Exception
            What the call raised.
        """
        try:
            answer = _received(self._talk)
        finally:
            self.stop()
        result: _Result = _result_of(answer)
        return result


class Apart(_Process):
    """A process of its own with nothing of this one's memory, ready by the time it has work.

    `modules` are what it imports until then.
    """

    def __init__(self, modules: Sequence[str] = ()) -> None:
        context = multiprocessing.get_context("spawn")
        self._talk, their_end = context.Pipe()
        self._process = context.Process(
            target=_wait_for_work, args=(their_end, tuple(modules)), daemon=True
        )
        with _interrupts_held_back():
            self._process.start()
        their_end.close()

    def carry_out(
        self,
        call: Callable[..., _Result],
        *arguments: object,
        hear: Callable[[Any], None] | None = None,
    ) -> _Result:
        """What the call returns; where somebody is to `hear` of it, it is given, last, who to tell.

        `call` is a function of a module; it, what it is given, returns and tells can be pickled.

        Raises
        ------
        EndedFromWithoutError
            The process is gone and has said nothing.
        Exception
            What the call raised.
        """
        try:
            with contextlib.suppress(ConnectionError):  # what it has said is heard all the same
                self._talk.send((call, arguments, hear is not None))
            while isinstance(heard := _received(self._talk), _Heard):
                if hear is not None:
                    hear(heard.what)
        finally:
            self.stop()
        result: _Result = _result_of(heard)
        return result


class _Heard(NamedTuple):
    what: object


class _Answer(NamedTuple):
    returned: object = None
    # What was raised, and what lay behind it, one behind another.
    raised: Sequence[BaseException] = ()


def _received(talk: Connection) -> Any:
    try:
        return talk.recv()
    except (EOFError, OSError):
        raise EndedFromWithoutError("it was ended from without") from None


def _result_of(answer: _Answer) -> Any:
    for error, behind in pairwise(answer.raised):
        error.__cause__ = behind
    if answer.raised:
        raise answer.raised[0]
    return answer.returned


def _wait_for_work(talk: Connection, modules: Sequence[str]) -> None:
    begin_worker()
    look_seldom()
    main = sys.modules["__main__"]
    if not hasattr(main, "__file__"):
        # DuckDB takes a program without a file for a person's session, and draws in it.
        main.__file__ = __file__
    for module in modules:
        # Who needs it imports it again, and is told what is wrong with it.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    try:
        call, arguments, is_heard = talk.recv()
    except EOFError:
        return
    one_at_a_time = threading.Lock()

    def tell(what: object) -> None:
        with one_at_a_time:
            talk.send(_Heard(what))

    talk.send_bytes(_pickled(_answer_of(call, [*arguments, *([tell] if is_heard else [])])))
    talk.close()


def _carry_out(
    answering: Connection, call: Callable[..., object], arguments: Sequence[object]
) -> None:
    begin_worker()
    answering.send_bytes(_pickled(_answer_of(call, arguments)))
    answering.close()


def _answer_of(call: Callable[..., object], arguments: Sequence[object]) -> _Answer:
    try:
        return _Answer(call(*arguments))
    except BaseException as error:
        return _failed(error)


def _failed(error: BaseException) -> _Answer:
    # Where it was raised is lost on the way.
    error.add_note("".join(traceback.format_exception(error)))
    found = with_causes(error)
    return _Answer(raised=[e if _goes_through(e) else RuntimeError(repr(e)) for e in found])


def _pickled(answer: _Answer) -> bytes:
    try:
        return pickle.dumps(answer)
    except Exception as error:
        return pickle.dumps(_failed(error))


def _goes_through(error: BaseException) -> bool:
    if not isinstance(error, Exception):
        # An exit of that process is none of this one.
        return False
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  # nosec B301  # our own
        return isinstance(again, type(error))
    except Exception:
        return False
