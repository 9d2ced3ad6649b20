"""What the Redis store does besides deciding, in the server's language: settling, reading, learning, leaving."""

from __future__ import annotations

from request_scheduler.stores.redis.opening import OPENING
from request_scheduler.stores.redis.turns import WAITING

SETTLE = (
    OPENING
    + """
renew()
local SPENT, AGO, TENANT, URGENT = ARGV[13] ~= '', ARGV[14], ARGV[15], ARGV[16]
local verdict, paused = 'settled', false
for _, budget in ipairs(budgets) do
  if redis.call('HDEL', budget.held, TICKET) == 0 then verdict = 'late' end -- its lease was over, or it is told twice
  if budget.pause then paused = true end
  if SPENT then
    note_spent(budget, TICKET, budget.takes, TENANT, URGENT, now - AGO)
  else
    for unit = 1, budget.takes do redis.call('ZREM', budget.spent, member(TICKET, unit, TENANT, URGENT)) end
    prune(budget)
  end
end
if FLIGHT ~= '' then land() end
change()
tell(true, FLIGHT)
return answer(paused and 'paused' or verdict, now)
"""
)

LOAD = (
    OPENING
    + """
local asked = cjson.decode(ARGV[13])
if asked.leave then
  LEASED = NOW
  redis.call('ZADD', HOLDERS, NOW, ME)
  tell(true)
  return answer('left', now)
end
renew(true)
for _, row in ipairs(asked.rows) do -- what this process had written before the server forgot it
  local budget = budgets[row.budget]
  if row.at then
    note_spent(budget, row.ticket, row.units, row.tenant, row.urgent, text(row.at))
  else
    note_held(budget, row.ticket, row.units, row.tenant, row.urgent)
  end
end
if #asked.rows > 0 then change() end
local turns = redis.call('HGETALL', TURNS)
for _, place in ipairs(asked.looks) do -- whoever looks is not late with what it asked for last
  redis.call('HDEL', TURNS, 'yielded ' .. ME .. place)
end
local state, led = {}, {}
for _, budget in ipairs(budgets) do read_held(budget) end
if asked.seen ~= version or KNOWN ~= id then
  for number, budget in ipairs(budgets) do
    local since = '(' .. text(now - budget.span)
    state[number] = {
      budget.pause or '', budget.last_start or '', budget.lesson or '', budget.rows,
      redis.call('ZRANGEBYSCORE', budget.spent, since, '+inf', 'WITHSCORES'),
    }
  end
end
for number, flight in ipairs(asked.flights) do
  local leader = redis.call('HGET', KEYS[5 + 2 * #budgets + number], 'holder')
  if leader and leader ~= ME and lease_of(leader) > now then led[#led + 1] = flight end
end
local landings = redis.call('ZRANGEBYSCORE', LANDINGS, text(asked.heard), '+inf')
return {line('cautious', cautious), state, turns, led, landings}
"""
)

LEARN = (
    OPENING
    + """
renew()
local lessons = cjson.decode(ARGV[13])
for number, lesson in ipairs(lessons) do
  local budget = budgets[number]
  if (budget.pause or '') ~= lesson.pause[1] or (budget.lesson or '') ~= lesson.lesson[1] then
    return answer('late', now) -- somebody else has learned something meanwhile
  end
end
for number, lesson in ipairs(lessons) do
  local budget = budgets[number]
  for name, value in pairs({pause = lesson.pause[2], lesson = lesson.lesson[2]}) do
    local fact = name .. ' ' .. budget.name
    if value == '' then redis.call('HDEL', LOG, fact) else redis.call('HSET', LOG, fact, value) end
  end
  if TICKET ~= '' then redis.call('HDEL', budget.held, TICKET) end
end
if FLIGHT ~= '' then land() end
change()
tell(true, FLIGHT)
return answer('done', now)
"""
)

WITHDRAW = (
    OPENING
    + WAITING
    + """
renew()
leave()
tell(true)
return answer('done', now)
"""
)

LAND = (
    OPENING
    + """
renew()
land()
tell(false, FLIGHT)
return answer('done', now)
"""
)
