"""One writer at a time: a lock that the operating system releases however its holder ends."""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from docendo.errors import UserError

__all__ = ["TakenError", "WriterLock"]


_LOCKED = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class TakenError(UserError):
    """Another process holds the lock."""


class WriterLock:
    """Held from construction until `release`.

    The file holds the writer's process id. It is never deleted: a deleted file can be locked twice.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises TakenError, which names the holder, where another writer has it; UserError where the
        file cannot be written.
        """
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UserError(f"{path.parent} cannot be written: {error.strerror}") from error

        try:
            _lock(self._file)
        except OSError as error:
            if error.errno not in _LOCKED:
                os.close(self._file)
                raise UserError(f"{path} cannot be locked: {error.strerror}") from error
            os.lseek(self._file, 0, os.SEEK_SET)
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            os.close(self._file)
            who = f"process {holder}" if holder else "another process"
            raise TakenError(
                f"{path.parent} is being written by {who}; wait for it or stop it first"
            ) from error

        # On a full disk the lock holds all the same; only the number in the message is missing.
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock to the next writer."""
        os.close(self._file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 1 << 30, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
