-- Places orders: each with an Idempotency-Key of its own, customers and drinks in turn.
-- Arguments: the file that bench/load.py wrote (token, path and body a line, tabs between) and a
-- run id. wrk itself counts answers above 399; the run fails if there is one.

local thread_count = 0

function setup(thread)
  thread:set("thread_number", thread_count)
  thread_count = thread_count + 1
end

function init(args)
  tokens, paths, bodies = {}, {}, {}
  for line in io.lines(args[1]) do
    local token, path, body = line:match("^([^\t]+)\t([^\t]+)\t(.+)$")
    tokens[#tokens + 1] = "Bearer " .. token
    paths[#paths + 1] = path
    bodies[#bodies + 1] = body
  end
  prefix = args[2] .. "-" .. thread_number .. "-"
  sent = 0
  headers = { ["Content-Type"] = "application/json" }
end

function request()
  sent = sent + 1
  local turn = sent % #tokens + 1
  headers["Authorization"] = tokens[turn]
  headers["Idempotency-Key"] = prefix .. sent
  return wrk.format("POST", paths[turn], headers, bodies[turn])
end

function done(summary, latency, requests)
  io.write(string.format(
    "RESULT {\"duration_us\":%d,\"requests\":%d,\"bytes\":%d,\"status_errors\":%d," ..
    "\"connect_errors\":%d,\"read_errors\":%d,\"write_errors\":%d,\"timeouts\":%d," ..
    "\"p50_us\":%d,\"p90_us\":%d,\"p99_us\":%d,\"max_us\":%d}\n",
    summary.duration, summary.requests, summary.bytes, summary.errors.status,
    summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
