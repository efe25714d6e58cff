/* What the sections of all engines that speak HTTP have in common: headers, the key, proxies,
 * certificates, deadlines. Read once, in open(). */
#ifndef FORMY_ENGINES_SETTING_H
#define FORMY_ENGINES_SETTING_H

#include <stddef.h>
#include <stdint.h>

#include "http/http.h"

struct json_object;

#define SETTING_HEADERS 32 /* headers that a section may have */

struct http_setting {
	struct json_object *section; /* the engine's section, as open() got it */
	const char *api_key;         /* NULL: none */
	const char *proxy;           /* NULL: what the environment says */
	const char *ca_file;         /* NULL: SSL_CERT_FILE, or the system's */
	uint32_t connect_ms;
	uint32_t stage_ms[HTTP_STAGES];
	size_t max_bytes; /* of a picture that is fetched */
	char *headers[SETTING_HEADERS + 1];
};

/* Reads the section. {api_key} in a header stands for the key. 0, or a negative errno with a
 * sentence. Finishing takes what is zeroed and half-built. */
int setting_read(struct http_setting *setting, const char *section, struct err *err);
void setting_finish(struct http_setting *setting);

/* A member that must be a text, a whole number from min to max or a boolean, if it is there.
 * 0, or -EINVAL with a sentence; what is not there leaves *ret as it is. */
int setting_text(
	struct json_object *section, const char *name, struct err *err, const char **ret_text);
int setting_number(struct json_object *section, const char *name, int64_t min, int64_t max,
	struct err *err, int64_t *ret_number);
int setting_bool(struct json_object *section, const char *name, struct err *err, bool *ret_bool);

/* A list of texts, or one text alone; NULL when there is none. */
int setting_list(struct json_object *section, const char *name, struct err *err,
	struct json_object **ret_list);

/* Checks an address: http or https, a host, nothing that does not belong into one. Without the
 * slashes at its end it is appended to out. */
int setting_url(const char *name, const char *url, struct err *err, struct buf *out);

#endif
