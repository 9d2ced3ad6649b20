"""The decision of the Redis store: everything that a call spends, or nothing and when to ask again, in one script."""

from __future__ import annotations

from request_scheduler.stores.redis.opening import OPENING
from request_scheduler.stores.redis.turns import ORDER, WAITING

RESERVE = (
    OPENING
    + """
renew()
local URGENT, EXPIRES, MORE, TENANT = ARGV[15], tonumber(ARGV[16]), ARGV[17] ~= '', ARGV[18]

-- Whoever sent this has given up on an answer, and takes back what it cannot know of: it must not be granted later.
if EXPIRES and now > EXPIRES then return answer('denied', now) end
if ARGV[19] and redis.call('HEXISTS', budgets[1].held, TICKET) == 1 then return answer('already', now) end

local leader = FLIGHT ~= '' and redis.call('HGET', LEAD, 'holder')
local led = leader and leader ~= ME and lease_of(leader) > now
if led and (MORE or waiting == '0') then return answer('led', now) end -- it keeps its place, or has none to leave

local wish = {units = {}, urgent = URGENT == 'u'}
for _, budget in ipairs(budgets) do
  read_held(budget)
  budgets[budget.name], wish.units[budget.name] = budget, budget.takes
  if budget.pause then budget.pause = cjson.decode(budget.pause) end
  budget.last_start = tonumber(budget.last_start or NEVER)
  local lesson = budget.lesson and cjson.decode(budget.lesson)
  if lesson and (lesson.configured ~= budget.configured or now >= lesson.ends) then lesson = nil end
  budget.windows = {}
  for place, limit in ipairs(budget.limits) do
    local most = lesson and lesson.limits[place] or limit.most
    if limit.hold then
      budget.windows[#budget.windows + 1] = {most = most, hold = limit.hold, share = limit.share}
    elseif not budget.permits or most < budget.permits then
      budget.permits, budget.share = most, limit.share
    end
  end
end

-- The earliest moment at which a window has room; `kept` units are for urgent calls, less those that these have spent.
local function room_in(budget, window, units, kept)
  local spent = redis.call('ZCOUNT', budget.spent, '(' .. text(now - window.hold), '+inf')
  local over = spent + budget.units + units - window.most
  local phantom = cautious + window.hold > now and math.max(0, window.most - window.share) or 0
  if over + kept + phantom <= 0 then return now end
  if kept == 0 and phantom == 0 then
    if over > spent then return INFINITE end
    return redis.call('ZREVRANGE', budget.spent, spent - over, spent - over, 'WITHSCORES')[2] + window.hold
  end
  local log, urgent = {}, 0
  if spent > 0 then log = redis.call('ZREVRANGE', budget.spent, 0, spent - 1, 'WITHSCORES') end
  for i = 1, #log, 2 do
    if log[i]:byte(1) == 117 then urgent = urgent + 1 end
  end
  over = over + phantom
  local function fits() return over + math.max(0, kept - urgent) <= 0 end
  if fits() then return now end
  for i = #log - 1, 1, -2 do
    local at = tonumber(log[i + 1])
    if phantom > 0 and cautious <= at then
      over, phantom = over - phantom, 0
      if fits() then return cautious + window.hold end
    end
    over = over - 1
    if log[i]:byte(1) == 117 then urgent = urgent - 1 end
    if fits() then return at + window.hold end
  end
  over = over - phantom
  return phantom > 0 and fits() and cautious + window.hold or INFINITE
end

local function free_at(budget, units, urgent)
  local free = now
  if budget.permits and budget.running >= budget.permits then return INFINITE end
  if budget.permits and now < cautious + LEASE and budget.running >= budget.share then
    free = cautious + LEASE -- by then whoever lives has told what it runs
  end
  local kept = urgent and 0 or math.max(0, budget.reserve - budget.urgent)
  for _, window in ipairs(budget.windows) do free = math.max(free, room_in(budget, window, units, kept)) end
  local pause = budget.pause
  if pause then
    if pause.probing and budget.running > 0 then return INFINITE end
    local earliest, paced = math.max(now, pause['until']), budget.last_start + pause.pace
    if earliest < pause.paced_until and paced > earliest then earliest = math.min(paced, pause.paced_until) end
    free = math.max(free, earliest)
  end
  return free
end

local function all_free_at(of)
  local free = now
  for name, units in pairs(of.units) do free = math.max(free, free_at(budgets[name], units, of.urgent)) end
  return free
end

-- Whether slots are reserved for an urgent call, so that it takes none from the others.
local function keeps(of)
  if not of.urgent then return false end
  for name, units in pairs(of.units) do
    local budget = budgets[name]
    if budget.reserve == 0 then return false end
    for _, window in ipairs(budget.windows) do
      local urgent = budget.urgent + units
      for _, unit in ipairs(redis.call('ZRANGEBYSCORE', budget.spent, '(' .. text(now - window.hold), '+inf')) do
        if unit:byte(1) == 117 then urgent = urgent + 1 end
      end
      if urgent > budget.reserve then return false end
    end
  end
  return true
end

local function grant()
  local starts_now = {}
  for _, budget in ipairs(budgets) do
    note_held(budget, TICKET, budget.takes, TENANT, URGENT)
    starts_now[#starts_now + 1] = 'last_start ' .. budget.name
    starts_now[#starts_now + 1] = NOW
  end
  if FLIGHT ~= '' then
    if leader ~= ME then redis.call('DEL', LEAD) end
    redis.call('HSET', LEAD, 'holder', ME, TICKET, '')
    keep(LEAD)
  end
  change(unpack(starts_now))
  return answer('granted', now)
end

local free = led and now or all_free_at(wish)
if waiting == '0' and not MORE and free <= now then return grant() end -- there are no turns to be heeded
"""
    + WAITING
    + """
if led then
  leave()
  return answer('led', now)
end
"""
    + ORDER
    + """
if crowded or free > now or MORE then
  ask, starts = cjson.decode(ARGV[13]), read_hash(SHARES)
  arrive()
  if free <= now and crowded then free = wait_for_others() end
end
if free > now then
  stand(since)
  return answer('denied', free)
end
if crowded then
  charge()
  tell(true) -- there may be more than this one took, and nobody need wait for it any longer
end
if MORE then stand(crowded and now or since) elseif mine then leave() end

return grant()
"""
)
