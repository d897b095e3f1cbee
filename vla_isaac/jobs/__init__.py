"""Pools that run jobs in this process, in worker processes or on Ray, and the journal of their results."""

from vla_isaac.jobs.factory import open_pool as open_pool
from vla_isaac.jobs.journal import Journal as Journal
from vla_isaac.jobs.pool import JobPool as JobPool
from vla_isaac.jobs.pool import JobResult as JobResult
from vla_isaac.jobs.pool import MakeWorker as MakeWorker
from vla_isaac.jobs.pool import ReportProgress as ReportProgress
from vla_isaac.jobs.run import in_order as in_order
from vla_isaac.jobs.run import run_jobs as run_jobs
