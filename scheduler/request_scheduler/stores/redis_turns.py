"""The rules of turns.py in the server's language: who waits in a lane, who goes first, and what each was served."""

from __future__ import annotations

from request_scheduler.stores.turns import AGEING, GRACE

WAITING = """
local LANE = ' ' .. ARGV[14]

-- Forget who had how much of what nobody waits for any more.
local function forget_idle()
  local levels = {}
  for field, value in pairs(read_hash(TURNS)) do
    if field:match('^ask %S+( .*)$') == LANE then levels[tostring(cjson.decode(value).priority)] = true end
  end
  for share in pairs(read_hash(SHARES)) do
    if not levels[share:match('^%d+')] then redis.call('HDEL', SHARES, share) end
  end
end

local function count_turns()
  waiting = tostring(redis.call('HLEN', TURNS))
  redis.call('HSET', LOG, 'waiting', waiting)
end

local function drop(place)
  redis.call('HDEL', TURNS, 'ask ' .. place, 'since ' .. place, 'yielded ' .. place)
  count_turns()
end

local function leave()
  drop(ME .. LANE)
  forget_idle()
end

-- Everybody who waits in the lane; who died, or could go and did not come for a whole lease, does not any more.
local function read_turns()
  local turns, gone = {}, false
  if waiting == '0' then return turns end
  for name, value in pairs(read_hash(TURNS)) do
    local field, holder, lane = name:match('^(%a+) (%S+)( .*)$')
    if lane == LANE then
      turns[holder] = turns[holder] or {holder = holder}
      turns[holder][field] = field == 'ask' and cjson.decode(value) or tonumber(value)
    end
  end
  for holder, turn in pairs(turns) do
    local dead = holder ~= ME and lease_of(holder) <= now
    if dead or (turn.yielded and turn.yielded <= now - LEASE) then
      drop(holder .. LANE)
      turns[holder] = nil
      gone = true
    end
  end
  if gone then forget_idle() end
  if not waiting then count_turns() end
  return turns
end
"""

ORDER = (
    f"local AGEING, GRACE = {AGEING}, {GRACE}"
    """
local turns, ask = read_turns()
local mine, since = turns[ME], turns[ME] and turns[ME].since or now
turns[ME] = nil
local crowded = next(turns) ~= nil
turns[ME] = mine

local starts
local function start_of(share) return tonumber(starts[share] or 0) end

local function set_start(share, start)
  starts[share] = start
  redis.call('HSET', SHARES, share, text(start))
end

-- The shares that an ask is charged to, each with the clock that it goes by.
local function places()
  local level, tenant = ask.priority .. ' ', ' ' .. ask.tenant
  return {level .. tenant, level .. '* '}, {level .. ME .. tenant, level .. '*' .. tenant}
end

local function arrive()
  local here = false
  for _, turn in pairs(turns) do
    here = here or (turn.ask.priority == ask.priority and turn.ask.tenant == ask.tenant)
  end
  local mine_here = mine and mine.ask.priority == ask.priority and mine.ask.tenant == ask.tenant
  local of_tenant, of_process = places()
  of_tenant.waits, of_process.waits = here, mine_here
  for _, place in ipairs({of_tenant, of_process}) do
    local share, lowest, waits = place[1], start_of(place[2]), place.waits
    if not starts[share] or (start_of(share) < lowest and not waits) then set_start(share, lowest) end
  end
  keep(SHARES)
end

local function charge()
  local of_tenant, of_process = places()
  of_tenant.charge, of_process.charge = ask.charged / ask.weight, ask.charged
  for _, place in ipairs({of_tenant, of_process}) do
    local start = start_of(place[1])
    set_start(place[1], start + place.charge)
    if start > start_of(place[2]) then set_start(place[2], start) end
  end
end

local function in_order()
  local levels, order = {}, {}
  for _, turn in pairs(turns) do
    local before = levels[turn.ask.priority]
    levels[turn.ask.priority] = before and math.min(before, turn.since) or turn.since
  end
  for _, turn in pairs(turns) do
    local priority, of = turn.ask.priority, turn.ask.tenant
    turn.rank = {
      levels[priority] - priority * AGEING, start_of(priority .. '  ' .. of), of,
      start_of(priority .. ' ' .. turn.holder .. ' ' .. of), turn.since, turn.holder,
    }
    order[#order + 1] = turn
  end
  table.sort(order, function(one, other)
    for place = 1, 6 do
      if one.rank[place] ~= other.rank[place] then return one.rank[place] < other.rank[place] end
    end
    return false
  end)
  return order
end

-- Until when the next in turn is waited for, now if that is nobody.
local function wait_for_others()
  turns[ME] = {holder = ME, ask = ask, since = since}
  for _, first in ipairs(in_order()) do
    if first.holder == ME then break end
    local late = first.yielded and now >= first.yielded + GRACE
    if not late and all_free_at(first.ask) <= now then
      if not first.yielded then redis.call('HSET', TURNS, 'yielded ' .. first.holder .. LANE, text(now)) end
      return (first.yielded or now) + GRACE
    end
  end
  return now
end

local function stand(from)
  redis.call('HDEL', TURNS, 'yielded ' .. ME .. LANE)
  redis.call('HSET', TURNS, 'ask ' .. ME .. LANE, ARGV[13], 'since ' .. ME .. LANE, text(from))
  keep(TURNS)
  count_turns()
end
"""
)
