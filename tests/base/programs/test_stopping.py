import signal
import threading

import pytest

from inrhw.base.programs import stopping
from inrhw.base.programs.stopping import SIGNALS, Stopped, ending, stoppable, uninterrupted


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_the_block_and_handlers_are_put_back(number: signal.Signals) -> None:
    before = [signal.getsignal(other) for other in SIGNALS]
    with pytest.raises(Stopped) as stopped, stoppable():
        signal.raise_signal(number)
    assert ending(stopped.value)[1] == 128 + number
    assert [signal.getsignal(other) for other in SIGNALS] == before


def test_a_second_signal_does_not_disturb_the_tidying() -> None:
    tidied = False
    with pytest.raises(Stopped, match="SIGHUP"), stoppable():
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGTERM)
            tidied = True
    assert tidied


def test_a_signal_that_got_lost_can_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_TIDYING_S", 0.0)
    with pytest.raises(Stopped, match="SIGTERM"), stoppable():
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_for_what_is_uninterrupted(number: signal.Signals) -> None:
    done = False
    with pytest.raises(Stopped) as stopped, stoppable(), uninterrupted():
        signal.raise_signal(number)
        done = True
    assert done
    assert stopped.value.signal == number


def test_ctrl_c_is_an_interrupt_and_others_are_named() -> None:
    assert ending(KeyboardInterrupt()) == ending(Stopped(signal.SIGINT)) == ("interrupted", 130)
    assert ending(Stopped(signal.SIGTERM)) == ("stopped by SIGTERM", 143)


def test_other_threads_just_run() -> None:
    ran = []

    def work() -> None:
        with stoppable(), uninterrupted():
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [True]
