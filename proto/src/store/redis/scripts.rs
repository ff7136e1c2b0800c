//! What must be one step on the server. Every script here touches one key, so it runs on a cluster, too.
//! Clocks are the server's: workers' may differ.

use std::sync::LazyLock;

use redis::Script;

/// Microseconds now, as a number that a double holds exactly.
macro_rules! with_now {
    ($body:literal) => {
        concat!(
            "local clock = redis.call('TIME')\n",
            "local now = clock[1] * 1000000 + clock[2]\n",
            $body
        )
    };
}

macro_rules! script {
    ($(#[$doc:meta])* $name:ident, $body:expr) => {
        $(#[$doc])*
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new($body));
    };
}

script!(
    /// key; bytes. Removes what was found unsound, unless it has changed since.
    DISCARD,
    "if redis.call('TYPE', KEYS[1]).ok ~= 'string' or redis.call('GET', KEYS[1]) == ARGV[1] then
       return redis.call('UNLINK', KEYS[1])
     end
     return 0"
);
script!(
    /// key; bytes found, bytes instead, time to live. Replaces what was found unsound, unless it has
    /// changed since: then gives what is there now.
    REPLACE,
    "if redis.call('TYPE', KEYS[1]).ok == 'string' then
       local there = redis.call('GET', KEYS[1])
       if there ~= ARGV[1] then return there end
     end
     redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
     return false"
);
script!(
    /// key; holder, time to live. Gives the token of a lease that was free.
    TAKE,
    with_now!(
        "if redis.call('EXISTS', KEYS[1]) == 1 then return false end
         redis.call('SET', KEYS[1], string.format('%.0f', now) .. ' ' .. ARGV[1], 'PX', ARGV[2])
         return now"
    )
);
script!(
    /// key; token and holder, time to live. Tells whether the lease was still that one.
    RENEW,
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
     return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
);
script!(
    /// key; token and holder. Tells whether the lease was still that one.
    RELEASE,
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
     return redis.call('DEL', KEYS[1])"
);
script!(
    /// key of a section; name, bytes, time to live. A note begins with its end in sixteen digits; the
    /// section lives as long as its last note.
    POST,
    with_now!(
        "local stop = string.format('%016.0f', now + ARGV[3] * 1000)
         redis.call('HSET', KEYS[1], ARGV[1], stop .. ARGV[2])
         if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
           redis.call('PEXPIRE', KEYS[1], ARGV[3])
         end
         return 1"
    )
);
script!(
    /// key of a section; name. Gives the bytes of a note that still hangs.
    READ,
    with_now!(
        "local note = redis.call('HGET', KEYS[1], ARGV[1])
         if note and (tonumber(string.sub(note, 1, 16)) or 0) > now then
           return string.sub(note, 17)
         end
         return false"
    )
);
script!(
    /// key of a section. Gives names and bytes, and removes what has ended.
    LIST,
    with_now!(
        "local notes = redis.call('HGETALL', KEYS[1])
         local hanging = {}
         for place = 1, #notes, 2 do
           local note = notes[place + 1]
           if (tonumber(string.sub(note, 1, 16)) or 0) > now then
             hanging[#hanging + 1] = notes[place]
             hanging[#hanging + 1] = string.sub(note, 17)
           else
             redis.call('HDEL', KEYS[1], notes[place])
           end
         end
         return hanging"
    )
);
script!(
    /// key of a budget; call, amount, limit, time to live, model, the call's time to live. Gives 1 if it is reserved,
    /// 0 if too little is left, -1 if there is no such budget, -2 if the model's first call is under way; then what
    /// the call wants with its model's surcharge, what is spent and what is reserved. Of a reservation it keeps what
    /// is reserved and the model; of a model, once a call has shown it, its surcharge, and before that when its first
    /// call began, until when it is waited for, and the call. A clock that was set back makes nobody wait.
    RESERVE,
    with_now!(
        "local key, call, amount = KEYS[1], 'call.' .. ARGV[1], tonumber(ARGV[2])
         local function number(field) return tonumber(redis.call('HGET', key, field) or '') end
         local spent = number('spent')
         if not spent then return { -1, 0, 0, 0 } end
         local reserved = number('reserved') or 0
         local open = redis.call('HGET', key, call)
         if open then
           redis.call('PEXPIRE', key, ARGV[4])
           return { 1, tonumber(string.match(open, '^%d+')), spent, reserved }
         end
         local surcharge, first = number('surcharge.' .. ARGV[5]), 'first.' .. ARGV[5]
         if not surcharge then
           local under_way = redis.call('HGET', key, first) or ''
           local begun, over = string.match(under_way, '^(%d+) (%d+) ')
           if begun and tonumber(begun) <= now and now < tonumber(over) then
             return { -2, 0, spent, reserved }
           end
         end
         local wanted = amount + (surcharge or 0)
         if spent + reserved + wanted > tonumber(ARGV[3]) then
           return { 0, wanted, spent, reserved }
         end
         local sum = string.format('%.0f', wanted)
         redis.call('HSET', key, call, sum .. ' ' .. ARGV[5])
         if not surcharge then
           local times = string.format('%.0f %.0f ', now, now + ARGV[6] * 1000)
           redis.call('HSET', key, first, times .. ARGV[1])
         end
         reserved = redis.call('HINCRBY', key, 'reserved', sum)
         redis.call('PEXPIRE', key, ARGV[4])
         return { 1, wanted, spent, reserved }"
    )
);
script!(
    /// key of a budget; call, cost, time to live, what its request did not show of that (nothing where nobody
    /// knows). Tells whether it was reserved.
    SETTLE,
    "local key, call, beyond = KEYS[1], 'call.' .. ARGV[1], tonumber(ARGV[4])
     local open = redis.call('HGET', key, call)
     if not open then return 0 end
     local reserved, model = string.match(open, '^(%d+) (.*)$')
     redis.call('HDEL', key, call)
     if reserved ~= '0' then redis.call('HINCRBY', key, 'reserved', '-' .. reserved) end
     redis.call('HINCRBY', key, 'spent', ARGV[2])
     local surcharge, first = 'surcharge.' .. model, 'first.' .. model
     if beyond then
       local known = tonumber(redis.call('HGET', key, surcharge) or '')
       if not known or beyond > known then redis.call('HSET', key, surcharge, ARGV[4]) end
       redis.call('HDEL', key, first)
     elseif string.match(redis.call('HGET', key, first) or '', '^%d+ %d+ (.*)$') == ARGV[1] then
       redis.call('HDEL', key, first)
     end
     redis.call('PEXPIRE', key, ARGV[3])
     return 1"
);
script!(
    /// key of a budget; least sum that counts as spent, time to live. Gives what is spent and reserved.
    RESTART,
    "local spent = tonumber(redis.call('HGET', KEYS[1], 'spent') or '')
     if not spent or spent < tonumber(ARGV[1]) then
       redis.call('HSET', KEYS[1], 'spent', ARGV[1])
       spent = tonumber(ARGV[1])
     end
     redis.call('PEXPIRE', KEYS[1], ARGV[2])
     return { spent, tonumber(redis.call('HGET', KEYS[1], 'reserved') or '') or 0 }"
);
