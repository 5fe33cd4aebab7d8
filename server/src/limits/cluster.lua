-- One decision over every scope, in Redis' own time, in one step for everybody.
--
-- KEYS: the mark, the members, then one key a scope.
-- ARGV: 1 this instance, 2 the epoch it knows or "", 3 "1" if it has counted by itself since its last call,
--       4 the latest time at which this call means anything or 0, 5 how long a member's lease lasts,
--       6 how long one that did not take its leave keeps its share, 7 the number of members it knows,
--       then interval and capacity of each scope. All times in microseconds.
--
-- A stored instant is when the next request would come if all came evenly. The mark holds the epoch (the birth of
-- this data) and the instant at which every burst counts as used up: when data was lost, or when an instance
-- returns that has counted by itself, nobody knows what was used, so nothing may be left.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local text = function(number) return string.format('%.0f', number) end
-- Carried out long after it was sent, when the sender has gone on without the answer.
local latest = tonumber(ARGV[4])
if latest > 0 and now > latest then return {'late', now} end

local known, apart = ARGV[2], ARGV[3] == '1'
local epoch, since
local mark = redis.call('GET', KEYS[1])
if mark then
  epoch, since = string.match(mark, '^(%d+):(%d+)$')
  since = tonumber(since)
end
local before = mark
if not epoch then
  epoch, since = text(now), 0
  if known ~= '' or apart then since = now end
elseif apart or (known ~= '' and known ~= epoch) or since > now then
  since = now
end
mark = epoch .. ':' .. text(since)
if mark ~= before then redis.call('SET', KEYS[1], mark) end

local lease, forget = tonumber(ARGV[5]), tonumber(ARGV[6])
redis.call('ZADD', KEYS[2], text(now + lease), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now - forget))
local present = redis.call('ZCOUNT', KEYS[2], text(now), '+inf')
local members = math.max(redis.call('ZCARD', KEYS[2]), tonumber(ARGV[7]))

local admitted, after, reply = 1, {}, {'ok', now, epoch, members, present, 1}
for scope = 3, #KEYS do
  local interval, capacity = tonumber(ARGV[scope * 2 + 2]), tonumber(ARGV[scope * 2 + 3])
  -- Those who are absent count by themselves, each with its share of the rate; this is the rest.
  interval = math.ceil(interval * members / present)
  capacity = math.max(capacity, interval)
  local base = math.max(tonumber(redis.call('GET', KEYS[scope]) or '0'), now)
  if since > 0 then base = math.max(base, since + capacity) end
  base = math.min(base, now + capacity)
  after[scope] = base + interval
  if after[scope] - now > capacity then admitted = 0 end
  reply[#reply + 1] = base - now
end
reply[6] = admitted
if admitted == 1 then
  for scope = 3, #KEYS do
    redis.call('SET', KEYS[scope], text(after[scope]), 'PX', math.ceil((after[scope] - now) / 1000))
  end
end
return reply
