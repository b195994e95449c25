"""Locks on open files: whoever dies lets go of them."""

from __future__ import annotations

import sys

__all__ = ["flock"]


if sys.platform == "win32":
    import msvcrt

    def flock(descriptor: int, *, shared: bool = False, wait: bool = False) -> None:
        """Lock an open file, on Windows for one holder alone: sharing holders wait as well.

        Raises:
            BlockingIOError: Somebody else holds it, and it is not to be waited for.
            OSError: It can't be locked.
        """
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if wait:
                raise
            raise BlockingIOError(str(error)) from None

else:
    import fcntl

    def flock(descriptor: int, *, shared: bool = False, wait: bool = False) -> None:
        """Lock an open file or folder, alone or along with other shared holders.

        Raises:
            BlockingIOError: Somebody else holds it, and it is not to be waited for.
            OSError: It can't be locked.
        """
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
