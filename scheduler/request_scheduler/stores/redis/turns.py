"""The rules of turns.py in the server's language: who waits in a lane, who goes first, and what each was served."""

from __future__ import annotations

from request_scheduler.stores.turns import AGEING, GRACE

WAITING = """
local LANE = ' ' .. ARGV[14]
local MINE = ME .. ' ' .. ARGV[15] -- urgent calls wait beside the others

-- Forget who had how much of what nobody waits for any more.
local function forget_idle()
  local levels = {}
  for field, value in pairs(read_hash(TURNS)) do
    if field:match('^ask %S+ %a( .*)$') == LANE then levels[tostring(cjson.decode(value).priority)] = true end
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
  drop(MINE .. LANE)
  forget_idle()
end

-- Everybody who waits in the lane; who died, or could go and did not come for a whole lease, does not any more.
local function read_turns()
  local turns, gone = {}, false
  if waiting == '0' then return turns end
  for name, value in pairs(read_hash(TURNS)) do
    local field, holder, kind, lane = name:match('^(%a+) (%S+)( %a)( .*)$')
    if lane == LANE then
      local place = holder .. kind
      turns[place] = turns[place] or {holder = holder, place = place}
      turns[place][field] = field == 'ask' and cjson.decode(value) or tonumber(value)
    end
  end
  for place, turn in pairs(turns) do
    local dead = turn.holder ~= ME and lease_of(turn.holder) <= now
    if dead or (turn.yielded and turn.yielded <= now - LEASE) then
      drop(place .. LANE)
      turns[place] = nil
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
local mine, since = turns[MINE], turns[MINE] and turns[MINE].since or now
local crowded = false
for _, turn in pairs(turns) do crowded = crowded or turn.holder ~= ME end

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
  local kept = keeps(ask)
  turns[MINE] = {holder = ME, place = MINE, ask = ask, since = since}
  for _, first in ipairs(in_order()) do
    if first.place == MINE then break end
    local own = first.holder == ME -- between the two heads of a process its own queue decides
    local late = first.yielded and now >= first.yielded + GRACE
    if not own and not late and all_free_at(first.ask) <= now and (first.ask.urgent or not kept) then
      if not first.yielded then redis.call('HSET', TURNS, 'yielded ' .. first.place .. LANE, text(now)) end
      return (first.yielded or now) + GRACE
    end
  end
  return now
end

local function stand(from)
  redis.call('HDEL', TURNS, 'yielded ' .. MINE .. LANE)
  redis.call('HSET', TURNS, 'ask ' .. MINE .. LANE, ARGV[13], 'since ' .. MINE .. LANE, text(from))
  keep(TURNS)
  count_turns()
end
"""
)
