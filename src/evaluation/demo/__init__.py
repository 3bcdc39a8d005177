"""Synthetic raw files of invented municipalities, in the formats researchers really get, with known true effects.

`generate` writes them; `expected_hashes` says what they should come to, so that drift is noticed. What is calibrated to
which fact is told in the modules: `world` (municipalities), `programme` (participation), `sick_leave`, `positions`.
"""

from evaluation.demo.generation import SCENARIOS, SEED, expected_hashes, generate

__all__ = ["SCENARIOS", "SEED", "expected_hashes", "generate"]
