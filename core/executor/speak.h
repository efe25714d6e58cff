/* Sends messages to the supervisor. Every message is one packet, so any thread may send. */
#ifndef FORMY_EXECUTOR_SPEAK_H
#define FORMY_EXECUTOR_SPEAK_H

#include "base/log.h"

#include <stdint.h>

struct msg;

/* Waits while the socket is full. 0 or a negative errno: -EPIPE when the supervisor is gone,
 * -EMSGSIZE when the message is too large for a packet. */
int speak(int channel, const struct msg *msg);

/* A line for the worker's log; the text is cleaned and cut. Lost when it cannot be sent. */
void speak_log(int channel, enum log_level level, uint64_t job, const char *text);

#endif
