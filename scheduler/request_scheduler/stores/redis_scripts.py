"""What the Redis store does besides deciding, in the server's language: settling, reading, learning, leaving."""

from __future__ import annotations

from request_scheduler.stores.redis_opening import OPENING
from request_scheduler.stores.redis_turns import WAITING

SETTLE = (
    OPENING
    + """
renew()
local paused = 'settled'
for number, row in ipairs(asked.rows) do
  local facts, held, spent = keys_of(number)
  redis.call('HDEL', held, asked.ticket)
  local known = redis.call('HMGET', facts, 'pause', 'span')
  if known[1] then paused = 'paused' end
  local span = math.max(row.span, tonumber(known[2] or 0))
  if asked.spent then
    -- The members of one ticket are the same whenever it settles: one that counted from the end of a lease moves.
    note_spent(spent, asked.ticket, row, now - asked.ago)
    redis.call('ZREMRANGEBYSCORE', spent, '-inf', text(now - span))
    if not known[2] or span > tonumber(known[2]) then redis.call('HSET', facts, 'span', text(span)) end
    keep(facts)
  else
    for unit = 1, row.units do redis.call('ZREM', spent, member(asked.ticket, unit, row)) end
  end
end
if asked.flight then land(asked.flight) end
change()
tell({room = asked.names, landed = asked.flight or nil})
return {line(paused, now)}
"""
)

LOAD = (
    OPENING
    + """
if asked.leave then
  redis.call('ZADD', HOLDERS, text(now), ME)
  tell({room = asked.names})
  return {line('left', now)}
end
renew()
for number, row in ipairs(asked.rows) do -- what this process had written before the server forgot it
  local _, held, spent = keys_of(row.budget)
  if row.at then
    note_spent(spent, row.ticket, row, row.at)
  else
    redis.call('HSET', held, row.ticket, cjson.encode(row))
    keep(held)
  end
end
if #asked.rows > 0 then change() end
local turns = redis.call('HGETALL', KEYS[3])
if asked.looks then -- whoever looks is late nowhere
  for i = 1, #turns, 2 do
    if turns[i]:match('^yielded (%S+) ') == ME then redis.call('HDEL', KEYS[3], turns[i]) end
  end
end
local state, led = {}, {}
for number = 1, #asked.budgets do
  open_budget(number)
end
if asked.seen ~= version or asked.era ~= id then
  for number, budget in ipairs(budgets) do
    local facts = redis.call('HMGET', budget.facts, 'pause', 'last_start', 'lesson')
    local since = '(' .. text(now - budget.spec.span)
    state[number] = {
      facts[1] or '', facts[2] or '', facts[3] or '', budget.rows,
      redis.call('ZRANGEBYSCORE', budget.spent, since, '+inf', 'WITHSCORES'),
    }
  end
end
for number, flight in ipairs(asked.flights) do
  local leader = redis.call('HGET', KEYS[6 + 3 * #asked.budgets + number], 'holder')
  if leader and leader ~= ME and lease_of(leader) > now then led[#led + 1] = flight end
end
local landings = redis.call('ZRANGEBYSCORE', KEYS[6], text(asked.heard), '+inf')
return {line('cautious', cautious), state, turns, led, landings}
"""
)

LEARN = (
    OPENING
    + """
renew()
for number, lesson in ipairs(asked.lessons) do
  local known = redis.call('HMGET', keys_of(number), 'pause', 'lesson')
  if (known[1] or '') ~= lesson.pause[1] or (known[2] or '') ~= lesson.lesson[1] then
    return {line('late', now)} -- somebody else has learned something meanwhile
  end
end
for number, lesson in ipairs(asked.lessons) do
  local facts, held = keys_of(number)
  for name, value in pairs({pause = lesson.pause[2], lesson = lesson.lesson[2]}) do
    if value == '' then redis.call('HDEL', facts, name) else redis.call('HSET', facts, name, value) end
  end
  if asked.ticket then redis.call('HDEL', held, asked.ticket) end
  keep(facts)
end
if asked.flight then land(asked.flight) end
change()
tell({room = asked.names, landed = asked.flight or nil})
return {line('done', now)}
"""
)

WITHDRAW = (
    OPENING
    + WAITING
    + """
renew()
leave()
tell({room = asked.names})
return {line('done', now)}
"""
)

LAND = (
    OPENING
    + """
renew()
land(asked.flight)
tell({landed = asked.flight})
return {line('done', now)}
"""
)
