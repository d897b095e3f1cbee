"""Many jobs in this process, in processes of this machine, or on Ray; it knows nothing of robots."""

from vla_isaac.jobs.in_order import in_order as in_order
from vla_isaac.jobs.pool import JobPool as JobPool
from vla_isaac.jobs.pool import JobResult as JobResult
from vla_isaac.jobs.pool import MakeWorker as MakeWorker
from vla_isaac.jobs.pool import open_pool as open_pool
