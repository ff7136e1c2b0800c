//! The throttle on the server: the same rules as in memory, under the server's clock.
//!
//! Two keys of one server, by their common tag. The state of a model is a hash: for each of its rates
//! (`r` requests, `t` tokens) level, when it was filled, what was granted by tick, and the sum of these
//! from tick `head` on; the last cut; the pause; whose turn it is. Open permits are a sorted set of
//! names by their ends.

use std::sync::LazyLock;

use redis::Script;

use crate::store::throttle::{
    COOLDOWN, CUT, GRACE, GROWTH, LEAST, MINUTE, OVER, POLL, RECHECK, SAVED, TICK, TICKS,
};
use crate::topology::Shelf;

/// key of the state, key of the permits; name, tokens, time to live in microseconds, requests and tokens
/// a minute, concurrency. Gives 1 and the moment it was granted, or 0 and the microseconds to wait.
pub(super) static ADMIT: LazyLock<Script> = LazyLock::new(|| with_rules(ADMIT_BODY));

/// key of the state, key of the permits; name, when it was granted, tokens it counted with, requests and
/// tokens it counts with now, requests and tokens a minute, 1 if it was refused, microseconds to pause.
/// Tells whether it was open.
pub(super) static END: LazyLock<Script> = LazyLock::new(|| with_rules(END_BODY));

/// A script after what both begin with.
fn with_rules(body: &str) -> Script {
    let constants = format!(
        "local TICK, TICKS, MINUTE, SAVED, OVER = {TICK}, {TICKS}, {MINUTE}, {SAVED:?}, {OVER}\n\
         local POLL, RECHECK, GRACE, COOLDOWN = {}, {}, {}, {}\n\
         local CUT, LEAST, GROWTH, KEPT = {CUT:?}, {LEAST:?}, {GROWTH:?}, {}\n",
        POLL.as_micros(),
        RECHECK.as_micros(),
        GRACE.as_micros(),
        COOLDOWN.as_micros(),
        Shelf::Throttle.default_ttl().as_millis(),
    );
    Script::new(&[&constants, RULES, body].concat())
}

const RULES: &str = "
local state, open = KEYS[1], KEYS[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function get(field, other)
  return tonumber(redis.call('HGET', state, field) or '') or other
end
local function set(field, value)
  redis.call('HSET', state, field, string.format('%.17g', value))
end
local function at(gauge, tick)
  return gauge .. '.' .. string.format('%.0f', tick)
end
-- Lets a key live so many milliseconds at least.
local function keep(key, time)
  if redis.call('PTTL', key) < time then
    redis.call('PEXPIRE', key, string.format('%.0f', time))
  end
end

-- A clock that was set back would make all of this last until it has caught up.
if get('at', 0) > now + MINUTE then redis.call('UNLINK', state, open) end
redis.call('ZREMRANGEBYSCORE', open, '-inf', string.format('%.0f', now))

-- How much of the plan's rates holds.
local share = 1
local cut = get('cut.at', nil)
if cut then
  share = math.min(1, get('cut.share', 1) + math.max(0, now - cut) / 1000000 * GROWTH)
end
";

const ADMIT_BODY: &str = "
local name, tokens, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local gauges = {
  { name = 'r', limit = tonumber(ARGV[4]), amount = 1 },
  { name = 't', limit = tonumber(ARGV[5]), amount = tokens },
}
local concurrency = tonumber(ARGV[6])

local ends = redis.call('ZSCORE', open, name)
if ends then return { 1, tonumber(ends) - ttl } end

local paused = get('paused', 0)
if paused > now then return { 0, paused - now } end

local next = redis.call('HGET', state, 'next')
if next and next ~= name and get('next.until', 0) > now then
  return { 0, math.max(POLL, get('next.from', 0) - now) }
end

local most = concurrency
if most == 0 and share < 1 then most = get('cut.open', 0) end
if most > 0 and redis.call('ZCARD', open) >= math.max(1, math.floor(most * share)) then
  return { 0, POLL }
end

-- What has left the minute. Nothing in the state is older than its head.
local tick = math.floor(now / TICK)
local head = get('head', tick)
for old = head, math.min(head + TICKS, tick - TICKS - 1) do
  for _, gauge in ipairs(gauges) do
    local field = at(gauge.name, old)
    set(gauge.name .. '.sum', get(gauge.name .. '.sum', 0) - get(field, 0))
    redis.call('HDEL', state, field)
  end
end
head = math.max(head, tick - TICKS)

local pace = 0
for _, gauge in ipairs(gauges) do
  local limit, filled = gauge.limit, math.max(0, now - get(gauge.name .. '.filled', now))
  local level = get(gauge.name .. '.level', 0) + filled / MINUTE * limit * share
  gauge.level = math.max(-limit, math.min(limit * SAVED, level))
  if limit > 0 and gauge.level < -1e-6 then
    pace = math.max(pace, math.ceil(-gauge.level / (limit * share) * MINUTE))
  end
end
if pace > 0 then
  set('head', head)
  keep(state, KEPT)
  return { 0, math.min(RECHECK, pace) }
end

local room = 0
for _, gauge in ipairs(gauges) do
  local most = gauge.limit + math.floor(gauge.limit / OVER)
  local sum, old = get(gauge.name .. '.sum', 0), head
  while gauge.limit > 0 and sum + gauge.amount > most and old <= tick do
    sum = sum - get(at(gauge.name, old), 0)
    old = old + 1
    room = math.max(room, (old + TICKS) * TICK - now)
  end
end
room = math.min(RECHECK, room)
if room > 0 then
  local from = now + room
  redis.call('HSET', state, 'next', name)
  set('next.from', from)
  set('next.until', from + GRACE)
  set('head', head)
  keep(state, KEPT)
  return { 0, room }
end

for _, gauge in ipairs(gauges) do
  if gauge.limit > 0 then
    set(gauge.name .. '.level', gauge.level - gauge.amount)
    set(gauge.name .. '.filled', now)
  end
  local field = at(gauge.name, tick)
  set(field, get(field, 0) + gauge.amount)
  set(gauge.name .. '.sum', get(gauge.name .. '.sum', 0) + gauge.amount)
end
set('head', head)
set('at', now)
if next == name then redis.call('HDEL', state, 'next', 'next.from', 'next.until') end
redis.call('ZADD', open, string.format('%.0f', now + ttl), name)
keep(state, KEPT)
keep(open, ttl / 1000)
return { 1, now }
";

const END_BODY: &str = "
local name, tick = ARGV[1], math.floor(tonumber(ARGV[2]) / TICK)
local gauges = {
  { name = 'r', limit = tonumber(ARGV[6]), back = 1 - tonumber(ARGV[4]) },
  { name = 't', limit = tonumber(ARGV[7]), back = tonumber(ARGV[3]) - tonumber(ARGV[5]) },
}
local were = redis.call('ZCARD', open)
if redis.call('ZREM', open, name) == 0 then return 0 end

for _, gauge in ipairs(gauges) do
  if gauge.limit > 0 then
    local level = get(gauge.name .. '.level', 0) + gauge.back
    set(gauge.name .. '.level', math.min(gauge.limit * SAVED, level))
  end
  local field = at(gauge.name, tick)
  local granted = get(field, nil)
  if granted then
    local counts = math.max(0, granted - gauge.back)
    set(field, counts)
    set(gauge.name .. '.sum', get(gauge.name .. '.sum', 0) + counts - granted)
  end
end

local pause = 0
if ARGV[8] == '1' then
  pause = tonumber(ARGV[9])
  set('paused', math.max(get('paused', 0), now + pause))
  if not cut or now >= cut + COOLDOWN then
    set('cut.at', now)
    set('cut.share', math.max(LEAST, share * CUT))
    if share == 1 then set('cut.open', were) end
  end
end
keep(state, KEPT + pause / 1000)
return 1
";
