/* bench_queue: the bare hiredis clients that formyd is measured against.
 *
 *	bench_queue SOCKET drain TASKS         the floor of the throughput
 *	bench_queue SOCKET latency MODE COUNT  idle: from the push to the first line
 *
 * drain empties a queue of its own keys: one script call finishes 32 tasks and claims 32, with the
 * books that any worker has to keep, and waits for the answer. Its queue must hold TASKS tasks.
 *
 * latency pushes one task after another, a few milliseconds apart: in turns of 50 to a bare client
 * that waits in a BLMOVE, and to formyd, whose plugin notes when it was called. Prints a line of
 * microseconds for each: "bare ..." and "formyd ...". Redis' key prefix is "formy". */
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 32
#define ID_SIZE 64
#define RESULT_BYTES 200
#define TURN 50
#define PAUSE_MS 5
#define PATIENCE_S 10

/* KEYS queue processing lease finished events; ARGV now lease_end ttl want, then id result pairs */
static const char drain_script[] =
	"local now, out, ids, ended, leases = ARGV[1], {}, {}, {}, {}\n"
	"for i = 5, #ARGV, 2 do\n"
	"	local id, key = ARGV[i], '{floor}:task:' .. ARGV[i]\n"
	"	redis.call('HSET', key, 'status', 'done', 'progress', 100, 'result', ARGV[i + 1],\n"
	"		'completed_at', now, 'updated_at', now)\n"
	"	redis.call('EXPIRE', key, ARGV[3])\n"
	"	redis.call('PUBLISH', KEYS[5], '{\"id\":\"' .. id .. '\",\"status\":\"done\"}')\n"
	"	ids[#ids + 1], ended[#ended + 1], ended[#ended + 2] = id, now, id\n"
	"end\n"
	"if #ids > 0 then\n"
	"	redis.call('SREM', KEYS[2], unpack(ids))\n"
	"	redis.call('ZREM', KEYS[3], unpack(ids))\n"
	"	redis.call('ZADD', KEYS[4], unpack(ended))\n"
	"end\n"
	"local got = redis.call('LPOP', KEYS[1], ARGV[4])\n"
	"if not got then return out end\n"
	"for i, id in ipairs(got) do\n"
	"	local key = '{floor}:task:' .. id\n"
	"	redis.call('HSET', key, 'status', 'processing', 'updated_at', now)\n"
	"	local data = redis.call('HMGET', key, 'mode', 'payload')\n"
	"	out[i] = {id, data[1], data[2]}\n"
	"	leases[#leases + 1], leases[#leases + 2] = ARGV[2], id\n"
	"end\n"
	"redis.call('SADD', KEYS[2], unpack(got))\n"
	"redis.call('ZADD', KEYS[3], unpack(leases))\n"
	"return out\n";

static const char *address;

static void give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench_queue: %s: %s\n", what, why ? why : "no reason given");
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void pause_ms(int ms)
{
	const struct timespec time = {.tv_nsec = ms * 1000000L};

	(void)nanosleep(&time, NULL);
}

static redisContext *dial(void)
{
	redisContext *redis = redisConnectUnix(address);

	if (!redis || redis->err) {
		give_up(address, redis ? redis->errstr : "out of memory");
	}
	return redis;
}

static redisReply *checked(redisContext *redis, redisReply *reply)
{
	if (!reply || reply->type == REDIS_REPLY_ERROR) {
		give_up("Redis", reply ? reply->str : redis->errstr);
	}
	return reply;
}

static redisReply *command(redisContext *redis, const char *format, ...)
{
	redisReply *reply;
	va_list args;

	va_start(args, format);
	reply = redisvCommand(redis, format, args);
	va_end(args);
	return checked(redis, reply);
}

/* One call; ids holds what it finishes, then what it has claimed. Returns how many these are. */
static size_t drain_turn(
	redisContext *redis, const char *sha, char ids[BATCH][ID_SIZE], size_t have)
{
	static char result[RESULT_BYTES + 1];
	char now[24];
	char lease[24];
	const char *args[12 + 2 * BATCH] = {"EVALSHA", sha, "5", "{floor}:queue",
		"{floor}:processing", "{floor}:lease", "{floor}:finished", "{floor}:events", now,
		lease, "86400", "32"};
	int count = 12;
	redisReply *reply;

	memset(result, 'r', RESULT_BYTES);
	(void)snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
	(void)snprintf(lease, sizeof(lease), "%lld", (long long)time(NULL) + 10);
	for (size_t i = 0; i < have; i++) {
		args[count++] = ids[i];
		args[count++] = result;
	}
	reply = checked(redis, redisCommandArgv(redis, count, args, NULL));
	have = reply->elements < BATCH ? reply->elements : BATCH;
	for (size_t i = 0; i < have; i++) {
		(void)snprintf(ids[i], ID_SIZE, "%s", reply->element[i]->element[0]->str);
	}
	freeReplyObject(reply);
	return have;
}

static int drain(long tasks)
{
	redisContext *redis = dial();
	redisReply *loaded = command(redis, "SCRIPT LOAD %s", drain_script);
	char ids[BATCH][ID_SIZE];
	size_t have = 0;
	long done = 0;
	int64_t start = now_ns();

	do {
		done += (long)have;
		have = drain_turn(redis, loaded->str, ids, have);
	} while (have > 0);
	(void)printf("%.6f\n", (double)(now_ns() - start) / 1e9);
	freeReplyObject(loaded);
	redisFree(redis);
	if (done != tasks) {
		give_up("drain", "the queue held another number of tasks");
	}
	return 0;
}

/* The bare worker: takes what is pushed, which is the time of its push. */
struct waiter {
	pthread_t thread;
	long count;
	double *latencies;
};

/* The whole number at the start of a text; 0 when there is none. */
static int64_t number_of(const char *text)
{
	return strtoll(text, NULL, 10);
}

static void *wait_bare(void *arg)
{
	struct waiter *waiter = arg;
	redisContext *redis = dial();

	for (long i = 0; i < waiter->count; i++) {
		redisReply *reply =
			command(redis, "BLMOVE {floor}:queue {floor}:inbox LEFT RIGHT 0");

		waiter->latencies[i] = (double)(now_ns() - number_of(reply->str)) / 1e3;
		freeReplyObject(reply);
	}
	redisFree(redis);
	return NULL;
}

static void push_bare(redisContext *redis)
{
	freeReplyObject(command(redis, "RPUSH {floor}:queue %lld", (long long)now_ns()));
	pause_ms(PAUSE_MS);
}

/* The plugin's note stands in the result's metadata. */
static int64_t wait_result(redisContext *redis, const char *id)
{
	static const char member[] = "\"ran_at_ns\":";
	int64_t patience = now_ns() + PATIENCE_S * INT64_C(1000000000);
	int64_t ran = 0;

	while (ran == 0) {
		redisReply *reply = command(redis, "HGET formy:task:data:%s result", id);
		const char *at = reply->str ? strstr(reply->str, member) : NULL;

		ran = at ? number_of(at + sizeof(member) - 1) : 0;
		freeReplyObject(reply);
		if (ran == 0 && now_ns() > patience) {
			give_up(id, "no result");
		}
		pause_ms(PAUSE_MS);
	}
	return ran;
}

static double push_formyd(redisContext *redis, const char *mode, long number)
{
	char id[ID_SIZE];
	int64_t pushed;

	(void)snprintf(id, sizeof(id), "task_20261117_latency%06ld", number);
	freeReplyObject(command(redis,
		"HSET formy:task:data:%s task_id %s status pending data "
		"{\"mode\":\"%s\",\"config\":{}} created_at 2026-11-17T10:00:00.000000",
		id, id, mode));
	pause_ms(PAUSE_MS);
	pushed = now_ns();
	freeReplyObject(command(redis, "RPUSH formy:task:queue %s", id));
	return (double)(wait_result(redis, id) - pushed) / 1e3;
}

static void print_list(const char *name, const double *list, long count)
{
	(void)printf("%s", name);
	for (long i = 0; i < count; i++) {
		(void)printf(" %.1f", list[i]);
	}
	(void)printf("\n");
}

static int latency(const char *mode, long count)
{
	redisContext *redis = dial();
	double *formyd = calloc((size_t)count, sizeof(*formyd));
	struct waiter waiter = {
		.count = count, .latencies = calloc((size_t)count, sizeof(*waiter.latencies))};

	if (!formyd || !waiter.latencies ||
		pthread_create(&waiter.thread, NULL, wait_bare, &waiter) != 0) {
		give_up("latency", "out of memory");
	}
	pause_ms(100);
	for (long turn = 0; turn < count; turn += TURN) {
		for (long i = turn; i < turn + TURN && i < count; i++) {
			push_bare(redis);
		}
		for (long i = turn; i < turn + TURN && i < count; i++) {
			formyd[i] = push_formyd(redis, mode, i);
		}
	}
	(void)pthread_join(waiter.thread, NULL);
	print_list("bare", waiter.latencies, count);
	print_list("formyd", formyd, count);
	free(waiter.latencies);
	free(formyd);
	redisFree(redis);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[2], "drain") == 0) {
		address = argv[1];
		return drain((long)number_of(argv[3]));
	}
	if (argc == 5 && strcmp(argv[2], "latency") == 0) {
		address = argv[1];
		return latency(argv[3], (long)number_of(argv[4]));
	}
	(void)fputs("bench_queue SOCKET drain TASKS | latency MODE COUNT\n", stderr);
	return 2;
}
