"""What a server of answers decides, in its own language: one script a decision, so that nobody comes between.

Every script gets the keys below, one JSON object and perhaps digests. Moments are seconds on the server's clock; a test
hands in its own. Every key expires, so a server that is not used any more forgets all of it.

state    the generation (answers of others are void), how many drops there were, the bytes kept, the run of the server
         that wrote it, and for each tag (`t:...`) the number of its last drop
meta     by digest: generation, drops when its request was sent, computed, expires, seconds, size, bytes, tags, body
used     digests by the moment of their last use
expiry   digests by the moment when they expire
body:... one packed answer under a name of its own, so that whoever reads it later reads this one or none
drops    the channel on which drops are told

An answer that was dropped stays until its room is needed; what counts is the number of the drop, compared at each read.
A server that was restarted, or a replica that took over, may have lost the last drops: with another run of the server
everything is void. Where it may not tell its run, a number of drops that is smaller than one already seen shows the same.
"""

from __future__ import annotations

from hashlib import sha1
from typing import NamedTuple

_OPENING = """
local STATE, META, USED, EXPIRY, DROPS, BODY = unpack(KEYS)
local MOST_TAGS, MOST_STEPS, KEPT = 10000, 1000, 86400
local asked = cjson.decode(ARGV[1])

local function text(number) return string.format('%.17g', number) end

local now = asked.now
if not now then
  local clock = redis.call('TIME')
  now = clock[1] + clock[2] / 1000000
end

local server = redis.pcall('INFO', 'server')
local run = type(server) == 'string' and string.match(server, 'run_id:(%x+)') or ''
local state = redis.call('HMGET', STATE, 'generation', 'drops', 'bytes', 'run')
local generation, drops, bytes = state[1], tonumber(state[2] or 0), tonumber(state[3] or 0)

local function keep(key, seconds)
  local wanted = math.ceil(seconds * 1000)
  if redis.call('PTTL', key) < wanted then redis.call('PEXPIRE', key, wanted) end
end

-- Make every answer void, and forget which tags were dropped: no answer of before can be put any more.
local function renew()
  generation = asked.fresh
  redis.call('UNLINK', STATE)
  redis.call('HSET', STATE, 'generation', generation, 'drops', drops, 'bytes', bytes, 'run', run)
  keep(STATE, KEPT)
end

local function start_anew()
  redis.call('UNLINK', META, USED, EXPIRY)
  bytes = 0
  renew()
end

local function is_void(tags, since)
  if #tags == 0 then return false end
  local fields = {}
  for place, tag in ipairs(tags) do fields[place] = 't:' .. tag end
  for _, number in ipairs(redis.call('HMGET', STATE, unpack(fields))) do
    if number and tonumber(number) > since then return true end
  end
  return false
end

local function evict(digest)
  local meta = redis.call('HGET', META, digest)
  if meta then
    local row = cjson.decode(meta)
    bytes = bytes - row[7]
    redis.call('HDEL', META, digest)
    redis.call('UNLINK', BODY .. row[9])
  end
  redis.call('ZREM', USED, digest)
  redis.call('ZREM', EXPIRY, digest)
end

local function save_bytes() redis.call('HSET', STATE, 'bytes', bytes) end

if not generation then
  start_anew()
elseif state[4] ~= run then
  renew()
end
"""

# Few and flat parts, since a client's time goes into taking replies apart: rows as they lie here, `meta` and body.
_LOOK = """
if asked.generation == generation and asked.drops > drops then renew() end
local dropped = {}
if asked.generation == generation and asked.drops < drops then
  local fields = redis.call('HGETALL', STATE)
  for place = 1, #fields, 2 do
    if string.sub(fields[place], 1, 2) == 't:' and tonumber(fields[place + 1]) > asked.drops then
      dropped[#dropped + 1] = string.sub(fields[place], 3)
    end
  end
end
local reply = {table.concat({generation, drops, text(now)}, ' '), dropped}
for place = 2, #ARGV do
  local meta, found = redis.call('HGET', META, ARGV[place]), false
  local row = meta and cjson.decode(meta)
  if row and row[1] == generation and not is_void(row[8], row[2]) then
    local body = ''
    if row[7] <= asked.small then body = redis.call('GET', BODY .. row[9]) end
    if body then found = {meta, body} end
  end
  reply[place + 1] = found
end
return reply
"""

# Whether it is done: else room was made, but not yet enough, so that nobody else waits for long.
_PUT = """
local digest, weight = ARGV[2], asked.weight
if redis.call('HLEN', META) ~= redis.call('ZCARD', USED) then start_anew() end
evict(digest)
if asked.generation ~= generation or asked.since > drops or is_void(asked.tags, asked.since)
  or weight > asked.bytes or asked.entries < 1 then
  redis.call('UNLINK', BODY .. asked.body)
  save_bytes()
  return 1
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', text(now - asked.stale), 'LIMIT', 0, 64)) do
  evict(gone)
end
local steps = 0
while redis.call('ZCARD', USED) + 1 > asked.entries or bytes + weight > asked.bytes do
  local victim = redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', text(now), 'LIMIT', 0, 1)[1]
    or redis.call('ZRANGE', USED, 0, 0)[1]
  if not victim then break end
  evict(victim)
  steps = steps + 1
  if steps == MOST_STEPS then
    save_bytes()
    return 0
  end
end
local life, expires = math.max(0, asked.left) + asked.stale, now + asked.left
if redis.call('PEXPIRE', BODY .. asked.body, math.ceil(life * 1000)) == 1 then
  bytes = bytes + weight
  redis.call('HSET', META, digest, cjson.encode({
    generation, asked.since, text(now - asked.age), text(expires), asked.seconds, asked.size, weight, asked.tags, asked.body
  }))
  redis.call('ZADD', USED, text(now), digest)
  redis.call('ZADD', EXPIRY, text(expires), digest)
  for _, key in ipairs({STATE, META, USED, EXPIRY}) do keep(key, life + KEPT) end
end
save_bytes()
return 1
"""

_USE = """
for place = 2, #ARGV do redis.call('ZADD', USED, 'XX', text(now), ARGV[place]) end
"""

_DROP = """
drops = redis.call('HINCRBY', STATE, 'drops', 1)
if asked.tags then
  for _, tag in ipairs(asked.tags) do redis.call('HSET', STATE, 't:' .. tag, drops) end
  keep(STATE, KEPT)
end
if not asked.tags or redis.call('HLEN', STATE) > MOST_TAGS then renew() end
redis.pcall('PUBLISH', DROPS, cjson.encode({generation, drops, asked.tags}))
return {generation, drops}
"""

# Whoever cannot write down what is void has everything be, which takes no room; it must not begin by writing, either.
_VOID = """
redis.call('UNLINK', KEYS[1])
redis.pcall('PUBLISH', KEYS[5], '["0",0]')
"""

_REMOVE = """
for place = 2, #ARGV do evict(ARGV[place]) end
save_bytes()
"""

# How many void answers made room, oldest use first; none when it is done.
_SWEEP = """
local swept = 0
for _, digest in ipairs(redis.call('ZRANGE', USED, 0, MOST_STEPS - 1)) do
  local meta = redis.call('HGET', META, digest)
  if not meta or cjson.decode(meta)[1] ~= generation then
    evict(digest)
    swept = swept + 1
  end
end
save_bytes()
return swept
"""


_TOTALS = "return {redis.call('ZCARD', USED), bytes}"


class Script(NamedTuple):
    """One decision, and the name by which a server that has seen it before knows it."""

    text: str
    digest: str


def _script(text: str) -> Script:
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


LOOK, PUT, USE, DROP, REMOVE, SWEEP, TOTALS = [
    _script(_OPENING + decision) for decision in (_LOOK, _PUT, _USE, _DROP, _REMOVE, _SWEEP, _TOTALS)
]
VOID = _script(_VOID)
