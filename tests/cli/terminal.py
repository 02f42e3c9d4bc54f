"""A person at a terminal: types, waits for what appears, never sleeps."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

PATIENCE = float(os.environ.get("BASTIDE_PATIENCE", "1"))  # as in tests/conftest.py


class Terminal:
    """Runs a program on a pseudo-terminal of its own, as its controlling terminal, so that Ctrl-C reaches it."""

    def __init__(self, words, environment, cwd, columns=100, rows=30):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=cwd,
                                        preexec_fn=take_terminal)
        os.close(slave)
        self.seen = b""    # everything that appeared
        self.unread = b""  # what no wait_for has passed yet

    def send(self, text):
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def _read(self, deadline):
        ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"nothing more came in time; seen: {self.seen.decode(errors='replace')!r}")
        try:
            part = os.read(self.master, 65536)
        except OSError:  # how a pseudo-terminal says that the other side is closed
            part = b""
        self.seen += part
        self.unread += part
        return part

    def wait_for(self, pattern, timeout=30):
        """Reads until the regular expression appears, and returns its match and what came before it."""
        deadline = time.monotonic() + timeout * PATIENCE
        while not (found := re.search(pattern.encode(), self.unread)):
            if not self._read(deadline):
                raise AssertionError(f"it ended without {pattern!r}; seen: {self.seen.decode(errors='replace')!r}")
        before, self.unread = self.unread[:found.start()], self.unread[found.end():]
        return before.decode(errors="replace")

    def wait_for_end(self, timeout=30):
        """Reads until the program has ended and returns its status."""
        deadline = time.monotonic() + timeout * PATIENCE
        while self._read(deadline):
            pass
        return self.process.wait(timeout * PATIENCE)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
