-- uses: names keys probe types guard time time_read state events usual data index repair
-- Deletes a task that has ended. KEYS lib_keys; ARGV 1 id
-- Returns the status before; "gone" when there is none.
local id = ARGV[1]
local key = task_key(id)
local status = redis.call('HGET', key, 'status') or 'gone'
if not next_state(status, 'delete') then
	return status
end
redis.call('DEL', key)
redis.call('HDEL', MEMOS, id)
index_drop(id)
leave_files(id)
add_event(id, 'deleted')
send_events()
return status
