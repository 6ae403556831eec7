"""Runs a program in this process' group, and ends the group when its standard input is closed.

`process.run` starts it as a script and holds the other end. However that process ends, the system closes the
end, and nothing that was started lives on.
"""

import os
import signal
import subprocess
import sys
import threading


def _follow() -> None:
    os.read(0, 1)  # returns when the other end is closed
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run the program that the arguments name and end with its status, 128 + n after signal n."""
    threading.Thread(target=_follow, daemon=True).start()
    status = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL)
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
