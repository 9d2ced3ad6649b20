"""What the Redis store decides, in the server's own language: one script a decision, so that nobody decides between.

Every script gets one JSON object and the keys that it touches, all of one {hash tag}: `era` and `holders`, and for each
budget `facts`, `held` and `spent`. Moments are seconds on the server's clock; a test hands in its own.

era      the name of this run of the log, a number that grows with every change, and since when it counts cautiously
holders  when each process's lease ends; what a dead one held counts as spent from then on
facts    of a budget: its pause, its last start, the limits that the service told, the span of its longest window
held     of a budget: one field a ticket in flight
spent    of a budget: one member a settled unit, at the moment when the service can last have counted it
turns    the ask of each process that waits in a lane, since when, and since when others have waited for it
shares   of a lane: the virtual times of tenants and their processes by priority; "*" for whoever was served last
landings when flights have ended lately, and who ran them
lead     of a flight: which process runs it, and by which tickets

A lost log shows itself: a process knows the era and its number, and a server that has another era, or a smaller
number, has forgotten something. The log counts cautiously from then on.
"""

from __future__ import annotations

OPENING = """
local asked = cjson.decode(ARGV[1])
local ERA, HOLDERS, ME = KEYS[1], KEYS[2], asked.holder
local NEVER, INFINITE = -1e300, math.huge

local function text(number) return string.format('%.17g', number) end

local now = asked.now
if not now then
  local clock = redis.call('TIME')
  now = clock[1] + clock[2] / 1000000
end

local era = redis.call('HMGET', ERA, 'id', 'version', 'cautious', 'after')
local id, version, cautious = era[1], tonumber(era[2] or 0), tonumber(era[3] or NEVER)

-- One line is faster to read than a list.
local function line(word, moment)
  return word .. ' ' .. text(moment) .. ' ' .. id .. ' ' .. version .. ' ' .. text(now)
end

local function keep(key) redis.call('EXPIRE', key, asked.kept) end

local function change()
  version = redis.call('HINCRBY', ERA, 'version', 1)
end

-- Processes that knew an earlier era say so one after another: only the first makes it count cautiously anew.
local forgot = asked.era and ((asked.era == id and version < asked.version) or (asked.era ~= id and era[4] ~= asked.era))
if forgot then
  cautious = now
  redis.call('HSET', ERA, 'cautious', text(now), 'after', asked.era, 'version', math.max(version, asked.version))
end
if not id or (forgot and id == asked.era) then
  id = asked.fresh
  redis.call('HSET', ERA, 'id', id)
end
if forgot then change() end

local leases = {}
local function lease_of(holder)
  if leases[holder] == nil then
    leases[holder] = tonumber(redis.call('ZSCORE', HOLDERS, holder) or NEVER)
  end
  return leases[holder]
end

local function renew()
  leases[ME] = now + asked.lease
  redis.call('ZADD', HOLDERS, text(leases[ME]), ME)
  if asked.renew or forgot or not era[1] then
    redis.call('ZREMRANGEBYSCORE', HOLDERS, '-inf', text(now - asked.kept))
    keep(HOLDERS)
    keep(ERA)
  end
end

local function member(ticket, number, row)
  return (row.urgent and 'u' or 'n') .. ':' .. ticket .. ':' .. number .. ':' .. row.tenant
end

local function keys_of(number) -- of a budget: facts, held and spent
  return KEYS[4 + 3 * number], KEYS[5 + 3 * number], KEYS[6 + 3 * number]
end

local function note_spent(spent, ticket, row, at)
  for number = 1, row.units do redis.call('ZADD', spent, text(at), member(ticket, number, row)) end
  keep(spent)
end

local function read_hash(key)
  local hash, rows = {}, redis.call('HGETALL', key)
  for i = 1, #rows, 2 do hash[rows[i]] = rows[i + 1] end
  return hash
end

local function tell(news)
  news.by = ME
  redis.call('PUBLISH', asked.channel, cjson.encode(news))
end

-- End one run of a flight; a lead that was lost with its lease is left to the next. It is written down for a few looks of
-- those who do not hear of it.
local function land(flight)
  redis.call('HDEL', KEYS[5], asked.ticket)
  if redis.call('HLEN', KEYS[5]) == 1 then redis.call('DEL', KEYS[5]) end
  redis.call('ZADD', KEYS[6], text(now), ME .. ' ' .. flight)
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', text(now - 10))
  keep(KEYS[6])
end

-- Budgets with what is in flight, after what the dead had in flight was made spent.
local budgets = {}
local function open_budget(number)
  local spec, facts, held, spent = asked.budgets[number], keys_of(number)
  local budget = {spec = spec, facts = facts, held = held, spent = spent, running = 0, units = 0, urgent = 0, rows = {}}
  local rows = redis.call('HGETALL', held)
  for i = 1, #rows, 2 do
    local row = cjson.decode(rows[i + 1])
    local lease = lease_of(row.holder)
    if lease > now then
      budget.running = budget.running + 1
      budget.units = budget.units + row.units
      if row.urgent then budget.urgent = budget.urgent + row.units end
      budget.rows[#budget.rows + 1] = rows[i]
      budget.rows[#budget.rows + 1] = rows[i + 1]
    else
      redis.call('HDEL', held, rows[i])
      note_spent(spent, rows[i], row, lease == NEVER and now or lease)
      change()
    end
  end
  budgets[number] = budget
  budgets[spec.name] = budget
  return budget
end
"""
