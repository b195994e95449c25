"""asv imports every module of its folder `asv/plugins`; the wheel places this one there."""

from asv_explain.asv_side.asv_command import Explain

__all__ = ["Explain"]
