-- KEYS are the same for every script: the names of task/keys.h, in its order. Keys of one task,
-- mode or worker derive from their prefix, so that {prefix} keeps all in one slot of a cluster.
local QUEUE, PROCESSING, LEASE, CLAIMS, DELAYED = KEYS[1], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local INDEXED = KEYS[8]
local COUNTS, MODES, WORKERS, STREAM = KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local RUNNING, UNKNOWN, GONE, MEMOS = KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local P = QUEUE:sub(1, -#':task:queue' - 1)
local QUEUES = {high = KEYS[2], normal = QUEUE, low = KEYS[3]}
local PRIORITIES = {'high', 'normal', 'low'}

local TASK = P .. ':task:data:'
