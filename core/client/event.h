/* Events as the public interface shows them: out of a message of P:events, or made from a task's
 * state. */
#ifndef FORMY_CLIENT_EVENT_H
#define FORMY_CLIENT_EVENT_H

#include <stddef.h>

#include <formy/client.h>

struct json_object;

/* Reads a message, and makes an event for each task of it. 0, -EPROTO for anything else, or -ENOMEM. The
 * array is the caller's. */
int event_parse(const char *text, size_t len, struct json_object **ret_events);

/* Shows one of them. The event borrows from it. 0, -EPROTO when it is no event, or -ENOMEM. */
int event_read(struct json_object *from, formy_event *ret_event);

/* The state of a task as an event's object. NULL: out of memory. The caller's. */
struct json_object *event_of_state(const formy_task_info *task);

#endif
