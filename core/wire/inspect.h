/* What `formy plugin check` and formy-executor --inspect agree on, beside the messages. */
#ifndef FORMY_WIRE_INSPECT_H
#define FORMY_WIRE_INSPECT_H

/* How a line of the log begins that says what a plugin did wrong. */
#define INSPECT_MARK "inspect: "

/* The line of the log that says that the fake engine was called. */
#define INSPECT_CALLED "fake engine: called"

/* Paths that are no files: a mode that calls the engine on trial, and an engine that answers the
 * mode on trial. executor/fake.h says what their configuration and parameters are. */
#define INSPECT_FAKE_MODE "fake:mode"
#define INSPECT_FAKE_ENGINE "fake:engine"
#define INSPECT_FAKE_MODE_NAME "TRIAL"
#define INSPECT_FAKE_ENGINE_TYPE "fake"

#endif
