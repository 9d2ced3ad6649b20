"""A day of many callers in seconds: the real scheduler on virtual time, against a simulated service.

    from request_scheduler.simulate import Simulation, default_workload

    report = Simulation(default_workload(agents=40), seed=1).run()
    print(report.answered, report.requests)

What is simulated is what the scheduler never sees from inside: who asks what and when (`workload`, `crowd`), and the
service with its limits, refusals and outages (`service`). Queue, budgets, cache, turns between machines and retries are
those of the product. Several machines are several schedulers that share one budget file and one file of answers, through
the same stores as processes do, with no distance between them.
"""

from __future__ import annotations

from request_scheduler.simulate.crowd import Ask as Ask
from request_scheduler.simulate.crowd import Crowd as Crowd
from request_scheduler.simulate.run import Simulation as Simulation
from request_scheduler.simulate.service import SimulatedService as SimulatedService
from request_scheduler.simulate.tally import Report as Report
from request_scheduler.simulate.tally import Tally as Tally
from request_scheduler.simulate.workload import Answers as Answers
from request_scheduler.simulate.workload import Job as Job
from request_scheduler.simulate.workload import Outage as Outage
from request_scheduler.simulate.workload import Service as Service
from request_scheduler.simulate.workload import Tenant as Tenant
from request_scheduler.simulate.workload import Workload as Workload
from request_scheduler.simulate.workload import WorkloadError as WorkloadError
from request_scheduler.simulate.workload import default_workload as default_workload
from request_scheduler.simulate.workload_file import parse_workload as parse_workload
from request_scheduler.simulate.workload_file import read_workload as read_workload
