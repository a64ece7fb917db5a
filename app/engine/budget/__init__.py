"""Cost budgets: points per principal, restored every second, in memory or in one Redis."""

from app.engine.budget.account import BudgetExceeded, Budgets, BudgetStore, Charge, Cost
from app.engine.budget.bucket import Allowance
from app.engine.budget.counting import objects_below_root
from app.engine.budget.fallback import FallbackBudgets
from app.engine.budget.memory import MemoryBudgets
from app.engine.budget.redis import RedisBudgets
from app.engine.budget.shared import Patience, SharedRedis, SilentRedis, open_redis, redis_client

__all__ = [
    "Allowance",
    "BudgetExceeded",
    "BudgetStore",
    "Budgets",
    "Charge",
    "Cost",
    "FallbackBudgets",
    "MemoryBudgets",
    "Patience",
    "RedisBudgets",
    "SharedRedis",
    "SilentRedis",
    "objects_below_root",
    "open_redis",
    "redis_client",
]
