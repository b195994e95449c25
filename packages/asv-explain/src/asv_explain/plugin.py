"""What `"plugins": [".asv_explain.plugin"]` in asv.conf.json loads: `asv publish` explains too."""

from asv_explain.asv_side.publisher import Explanations

__all__ = ["Explanations"]
