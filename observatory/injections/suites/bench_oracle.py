"""Running a program whose costs are known from what it does."""

from __future__ import annotations

import oracle_program


class Program:
    """All its functions, one after the other."""

    def time_main(self) -> None:
        oracle_program.main()
