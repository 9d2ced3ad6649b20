"""What the Redis store decides, in the server's own language: one script a decision, so that nobody decides between.

Every script gets the same arguments first (session.py), and the keys that it touches, all of one {hash tag}: those of
the group, then `held` and `spent` of each budget, then leads. Moments are seconds on the server's clock; a test hands in
its own.

log      the name of this run of the log, a number that grows with every change, since when it counts cautiously, how many
         wait; and of each budget its pause, its last start, the limits that the service told, the span of its longest
         window: all that a decision has to know although it rarely changes, read at once
holders  when each process's lease ends; what a dead one held counts as spent from then on
held     of a budget: one field a ticket in flight
spent    of a budget: one member a settled unit, at the moment when the service can last have counted it
turns    the ask of each process that waits in a lane (u: with urgent calls), since when, and since when others wait for it
shares   of a lane: the virtual times of tenants and their processes by priority; "*" for whoever was served last
landings when flights have ended lately, and who ran them
lead     of a flight: which process runs it, and by which tickets

A lost log shows itself: a process knows the era and its number, and a server that has another era, or a smaller
number, has forgotten something. The log counts cautiously from then on.
"""

from __future__ import annotations

OPENING = """
local ME, LEASE, KEPT, CHANNEL, TICKET, FLIGHT = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[11], ARGV[12]
local KNOWN, SEEN, LEASED = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local LOG, HOLDERS, TURNS, SHARES, LANDINGS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local NEVER, INFINITE = -1e300, math.huge
local budgets = cjson.decode(ARGV[5])
local LEAD = KEYS[6 + 2 * #budgets]

local function text(number) return string.format('%.17g', number) end

local now = tonumber(ARGV[10])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] + clock[2] / 1000000
end
local NOW = text(now)

local fields = {'id', 'version', 'cautious', 'after', 'waiting'}
for number, budget in ipairs(budgets) do
  local name, place = budget.name, 4 * number + 2
  fields[place], fields[place + 1] = 'pause ' .. name, 'last_start ' .. name
  fields[place + 2], fields[place + 3] = 'lesson ' .. name, 'span ' .. name
end
local log = redis.call('HMGET', LOG, unpack(fields))
for number, budget in ipairs(budgets) do
  local place = 4 * number + 2
  budget.pause, budget.last_start, budget.lesson, budget.longest = log[place], log[place + 1], log[place + 2], log[place + 3]
  budget.held, budget.spent = KEYS[4 + 2 * number], KEYS[5 + 2 * number]
end
local id, version, cautious, waiting = log[1], tonumber(log[2] or 0), tonumber(log[3] or NEVER), log[5]

-- One line is faster to read than a list, and a status than a text.
local function line(word, moment)
  return word .. ' ' .. (moment == now and NOW or text(moment)) .. ' ' .. id .. ' ' .. version .. ' ' .. NOW .. ' ' .. LEASED
end

local function answer(word, moment) return {ok = line(word, moment)} end

local function keep(key) redis.call('EXPIRE', key, KEPT) end

-- Count a change, and write what else the log has to say of it.
local function change(...)
  version = version + 1
  redis.call('HSET', LOG, 'version', version, ...)
end

-- Processes that knew an earlier era say so one after another: only the first makes it count cautiously anew.
local met = KNOWN == id
local forgot = KNOWN ~= '' and ((met and version < SEEN) or (not met and log[4] ~= KNOWN))
if forgot then
  cautious = now
  redis.call('HSET', LOG, 'cautious', NOW, 'after', KNOWN, 'version', math.max(version, SEEN))
end
if not id or (forgot and met) then
  id = ARGV[6]
  redis.call('HSET', LOG, 'id', id)
end
if forgot then change() end

local leases = {}
local function lease_of(holder)
  if leases[holder] == nil then
    leases[holder] = tonumber(redis.call('ZSCORE', HOLDERS, holder) or NEVER)
  end
  return leases[holder]
end

-- What no window of a budget reaches any more goes; a log with nothing in it has no span either.
local function prune(budget)
  redis.call('ZREMRANGEBYSCORE', budget.spent, '-inf', text(now - math.max(budget.span, tonumber(budget.longest or 0))))
  if redis.call('EXPIRE', budget.spent, KEPT) == 0 then
    redis.call('HDEL', LOG, 'span ' .. budget.name)
    budget.longest = nil
  end
end

-- Once in a third of a lease is enough, and then all is kept for longer; the server's clock tells, for a process may sleep.
local function renew(must)
  local left = LEASED and LEASED - now
  if must or forgot or not met or not left or left > LEASE or left < LEASE * 2 / 3 then
    LEASED = text(now + LEASE)
    redis.call('ZADD', HOLDERS, LEASED, ME)
    redis.call('ZREMRANGEBYSCORE', HOLDERS, '-inf', text(now - KEPT))
    keep(HOLDERS)
    keep(LOG)
    for _, budget in ipairs(budgets) do prune(budget) end
  else
    LEASED = ARGV[9]
  end
  leases[ME] = tonumber(LEASED)
end

local function member(ticket, number, tenant, urgent)
  return (urgent == 'u' and 'u:' or 'n:') .. ticket .. ':' .. number .. ':' .. tenant
end

-- The members of one ticket are the same whenever it settles: one that counted from the end of a lease moves.
local function note_spent(budget, ticket, units, tenant, urgent, at)
  for number = 1, units do redis.call('ZADD', budget.spent, at, member(ticket, number, tenant, urgent)) end
  if not budget.longest or tonumber(budget.longest) < budget.span then
    redis.call('HSET', LOG, 'span ' .. budget.name, text(budget.span))
    budget.longest = budget.span
    keep(budget.spent)
  end
end

local function note_held(budget, ticket, units, tenant, urgent)
  redis.call('HSET', budget.held, ticket, ME .. ' ' .. units .. ' ' .. urgent .. ' ' .. tenant)
  keep(budget.held)
end

local function read_hash(key)
  local hash, rows = {}, redis.call('HGETALL', key)
  for i = 1, #rows, 2 do hash[rows[i]] = rows[i + 1] end
  return hash
end

local function names()
  local all = {}
  for number, budget in ipairs(budgets) do all[number] = budget.name end
  return all
end

-- News of room concern only those who stand in the turns; the others look for themselves.
local function tell(room, landed)
  local news = {by = ME, landed = landed ~= '' and landed or nil}
  if room and waiting ~= '0' then news.room = names() end
  if news.room or news.landed then redis.call('PUBLISH', CHANNEL, cjson.encode(news)) end
end

-- End one run of a flight; a lead that was lost with its lease is left to the next. It is written down for a few looks of
-- those who do not hear of it.
local function land()
  redis.call('HDEL', LEAD, TICKET)
  if redis.call('HLEN', LEAD) == 1 then redis.call('DEL', LEAD) end
  redis.call('ZADD', LANDINGS, NOW, ME .. ' ' .. FLIGHT)
  redis.call('ZREMRANGEBYSCORE', LANDINGS, '-inf', text(now - 10))
  keep(LANDINGS)
end

-- What of a budget is in flight, after what the dead had in flight was made spent.
local function read_held(budget)
  budget.running, budget.units, budget.urgent, budget.rows = 0, 0, 0, {}
  local rows = redis.call('HGETALL', budget.held)
  for i = 1, #rows, 2 do
    local holder, units, urgent, tenant = rows[i + 1]:match('^(%S+) (%d+) ([un]) (.*)$')
    local lease = lease_of(holder)
    if lease > now then
      budget.running = budget.running + 1
      budget.units = budget.units + units
      if urgent == 'u' then budget.urgent = budget.urgent + units end
      budget.rows[#budget.rows + 1] = rows[i]
      budget.rows[#budget.rows + 1] = rows[i + 1]
    else
      redis.call('HDEL', budget.held, rows[i])
      note_spent(budget, rows[i], units, tenant, urgent, lease == NEVER and NOW or text(lease))
      change()
    end
  end
end
"""
