-- For wrk: ask for the paths of a file in turn, as a person's browser does, for so many seconds; then fall silent.
--
--     wrk --script wrk.lua http://127.0.0.1:8000 -- PATHS SECONDS
--
-- wrk by itself ends in the middle of requests, which a server may have counted though nobody read their answers. Here
-- each connection sends nothing after SECONDS (an empty request sends no byte) while wrk, told to last longer, still
-- waits for what is under way. So at its end every request that was ever sent has been answered ("unanswered" says if
-- one took longer), and wrk's number of answers is exactly the number of views to be counted. At the moment of falling
-- silent each connection had just one request under way: the answers within SECONDS are all but one of each.
--
-- The last line that is printed is JSON; its times are in milliseconds.

local ffi = require('ffi')
ffi.cdef('typedef struct { long seconds, microseconds; } moment; int gettimeofday(moment *, void *);')

local PERSON = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
local moment = ffi.new('moment')
local requests, turn, seconds, deadline = {}, 0, 0, nil
local threads = {}
sent = 0  -- global, one for each thread: `done` reads it from outside

function setup(thread)
  threads[#threads + 1] = thread
end

local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) + tonumber(moment.microseconds) / 1e6
end

function init(args)
  seconds = tonumber(args[2])
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format('GET', path, {['User-Agent'] = PERSON, ['Accept'] = 'text/html'})
  end
end

function request()
  deadline = deadline or now() + seconds
  if now() >= deadline then return '' end
  sent = sent + 1
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors, asked = summary.errors, -1  -- wrk itself asks the first thread for one request, to look at it
  for _, thread in ipairs(threads) do asked = asked + thread:get('sent') end
  print(string.format(
    '{"answers": %d, "unanswered": %d, "refused": %d, "broken": %d, "p50": %.3f, "p99": %.3f}',
    summary.requests, asked - summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
