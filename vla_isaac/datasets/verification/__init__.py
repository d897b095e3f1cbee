"""Verification of datasets: findings by file, episode and row."""

from vla_isaac.datasets.verification.finding import Finding
from vla_isaac.datasets.verification.verify import verify, verify_path

__all__ = ["Finding", "verify", "verify_path"]
