"""`asv explain`, as a command of asv's own."""

from __future__ import annotations

import argparse
from typing import Any

from asv.commands import Command  # type: ignore[import-untyped]

from asv_explain.options import DESCRIPTION, add_arguments, read_options

__all__ = ["Explain"]


class Explain(Command):  # type: ignore[misc]
    """Hands asv's command line to the program."""

    @classmethod
    def setup_arguments(cls, subparsers: Any) -> argparse.ArgumentParser:
        """Add the command to asv's own; asv adds what all its commands share."""
        parser: argparse.ArgumentParser = subparsers.add_parser(
            "explain", help=DESCRIPTION.split(":")[0].lower()
        )
        add_arguments(parser, own=False)
        parser.set_defaults(func=cls.run_from_args, explain_parser=parser)
        return parser

    @classmethod
    def run_from_args(cls, args: argparse.Namespace) -> int:
        """Run the command and return asv's exit status.

        The configuration is read by the program itself, whose words for what is wrong with it are
        the same however it was started.
        """
        # asv imports this module whenever it starts; the program itself is slow to import.
        from asv_explain.command import run

        return run(read_options(args, args.explain_parser))

    @classmethod
    def run_from_conf_args(cls, conf: Any, args: argparse.Namespace) -> int:
        """Do the same; asv asks each command for this method."""
        return cls.run_from_args(args)
