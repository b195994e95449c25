"""Running a program of which it is known what makes it slower."""

from __future__ import annotations

import sets_program


class Program:
    """All its functions, one after the other."""

    def time_main(self) -> None:
        sets_program.main()
