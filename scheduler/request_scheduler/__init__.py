"""One fair queue and exact budgets for everything that a program asks of a limited service."""

from __future__ import annotations

from request_scheduler import events as events
from request_scheduler.allowance import Allowance as Allowance
from request_scheduler.call import Answer as Answer
from request_scheduler.call import Call as Call
from request_scheduler.call import Freshness as Freshness
from request_scheduler.call import Priority as Priority
from request_scheduler.call import Spend as Spend
from request_scheduler.circuit import Breaker as Breaker
from request_scheduler.clock import Clock as Clock
from request_scheduler.clock import ManualClock as ManualClock
from request_scheduler.clock import SystemClock as SystemClock
from request_scheduler.errors import CeilingReached as CeilingReached
from request_scheduler.errors import CircuitOpen as CircuitOpen
from request_scheduler.errors import DeadlinePassed as DeadlinePassed
from request_scheduler.errors import DeadlineUnreachable as DeadlineUnreachable
from request_scheduler.errors import NotCached as NotCached
from request_scheduler.errors import QueueFull as QueueFull
from request_scheduler.errors import RunInterrupted as RunInterrupted
from request_scheduler.errors import SchedulerClosed as SchedulerClosed
from request_scheduler.errors import SchedulerError as SchedulerError
from request_scheduler.errors import TooWide as TooWide
from request_scheduler.errors import UnknownBudget as UnknownBudget
from request_scheduler.limits import Budget as Budget
from request_scheduler.limits import Concurrent as Concurrent
from request_scheduler.limits import Window as Window
from request_scheduler.outcome import Failed as Failed
from request_scheduler.outcome import NotSent as NotSent
from request_scheduler.outcome import Outcome as Outcome
from request_scheduler.outcome import Refused as Refused
from request_scheduler.outcome import Settlement as Settlement
from request_scheduler.scheduler import Scheduler as Scheduler
from request_scheduler.status import BudgetStatus as BudgetStatus
from request_scheduler.status import CircuitStatus as CircuitStatus
from request_scheduler.status import Counters as Counters
from request_scheduler.status import Holding as Holding
from request_scheduler.status import Status as Status
from request_scheduler.status import Waiter as Waiter
from request_scheduler.status import WindowStatus as WindowStatus
from request_scheduler.stores import Store as Store
from request_scheduler.stores import StoreLost as StoreLost
from request_scheduler.stores import StoreOccupied as StoreOccupied
from request_scheduler.stores import StoreUnreadable as StoreUnreadable
from request_scheduler.stores.memory import MemoryStore as MemoryStore
