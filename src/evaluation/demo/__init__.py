"""Synthetic raw files of invented municipalities, in the formats researchers really get, with known true effects.

`generate` writes them; `expected_hashes` says what they should come to, so that drift is noticed. What is calibrated to
which fact is told in the modules: `world` (municipalities), `programme` (participation), `sick_leave`, `positions`. The
invented programmes (`PROGRAMMES`) are two: the one at hand, and in `predecessor` one of the years before it.
"""

from evaluation.demo.generation import PROGRAMMES, SCENARIOS, expected_hashes, generate

__all__ = ["PROGRAMMES", "SCENARIOS", "expected_hashes", "generate"]
