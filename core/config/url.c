#include "config/url.h"

#include "base/buf.h"
#include "base/err.h"
#include "config/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Takes %XX out of a part of the URL. */
static int decode(struct str part, struct err *err, char **ret_text)
{
	struct buf text = {0};
	int result = 0;

	for (size_t i = 0; i < part.len; i++) {
		if (part.data[i] != '%') {
			buf_add_char(&text, part.data[i]);
		} else if (i + 2 < part.len && isxdigit((unsigned char)part.data[i + 1]) &&
			isxdigit((unsigned char)part.data[i + 2])) {
			buf_add_char(&text,
				(char)(hex_digit(part.data[i + 1]) << 4 |
					hex_digit(part.data[i + 2])));
			i += 2;
		} else {
			result = err_set(err, -EINVAL,
				"a %% in a URL is followed by two hexadecimal digits; write %%25 "
				"for the character");
			goto out;
		}
	}
	if (buf_cstr(&text) == NULL) {
		result = -ENOMEM;
		goto out;
	}
	if (strlen(text.data) != text.len || !utf8_is_printable(text.data, "")) {
		result = err_set(err, -EINVAL, "the URL holds bytes that are not text");
		goto out;
	}
	*ret_text = strdup(text.data);
	result = *ret_text == NULL ? -ENOMEM : 0;
out:
	buf_finish(&text);
	return result;
}

static int number(struct str part, int max, const char *what, struct err *err, int *ret_value)
{
	long value = 0;

	if (part.len == 0 || part.len > 10 || (part.len > 1 && part.data[0] == '0')) {
		return err_set(err, -EINVAL, "the URL's %s is not a number", what);
	}
	for (size_t i = 0; i < part.len; i++) {
		if (!isdigit((unsigned char)part.data[i])) {
			return err_set(err, -EINVAL, "the URL's %s is not a number", what);
		}
		value = value * 10 + (part.data[i] - '0');
	}
	if (value > max) {
		return err_set(err, -EINVAL, "the URL's %s is larger than %d", what, max);
	}
	*ret_value = (int)value;
	return 0;
}

static struct str before(struct str *rest, char mark, bool *ret_found)
{
	const char *at = memchr(rest->data, mark, rest->len);
	struct str part = *rest;

	*ret_found = at != NULL;
	if (at != NULL) {
		part.len = (size_t)(at - rest->data);
		rest->data += part.len + 1;
		rest->len -= part.len + 1;
	}
	return part;
}

/* "user:password@" at the front, when there is an @ before the path. */
static int take_login(struct str *rest, struct err *err, struct redis_url *url)
{
	size_t end = rest->len;
	struct str login;
	struct str name;
	bool found;
	int result = 0;

	/* the last @ counts, as a password may have one; a path of a socket may as well */
	for (size_t i = 0; i < rest->len && rest->data[i] != '/'; i++) {
		if (rest->data[i] == '@') {
			end = i;
		}
	}
	if (end == rest->len) {
		return 0;
	}
	login = (struct str){rest->data, end};
	rest->data += end + 1;
	rest->len -= end + 1;
	name = before(&login, ':', &found);
	if (name.len > 0) {
		result = decode(name, err, &url->username);
	}
	if (result == 0 && found && login.len > 0) {
		result = decode(login, err, &url->password);
	}
	return result;
}

static int take_query(struct str query, struct err *err, struct redis_url *url)
{
	struct str name;
	bool found;

	name = before(&query, '=', &found);
	if (!found || !str_eq(name, "db")) {
		return err_set(err, -EINVAL,
			"of what may follow the ? of a URL, only db=NUMBER is known here");
	}
	return number(query, INT_MAX, "db", err, &url->db);
}

static int take_address(struct str rest, struct err *err, struct redis_url *url)
{
	struct str host;
	bool has_path;
	bool has_port = false;
	struct str authority = before(&rest, '/', &has_path);
	int result = 0;

	if (authority.len > 0 && authority.data[0] == '[') {
		authority.data++;
		authority.len--;
		host = before(&authority, ']', &has_port);
		if (!has_port || (authority.len > 0 && authority.data[0] != ':')) {
			return err_set(err, -EINVAL,
				"an IPv6 address stands in [ ] in a URL, as in redis://[::1]:6379");
		}
		has_port = authority.len > 0;
		authority.data += has_port;
		authority.len -= has_port;
	} else {
		host = before(&authority, ':', &has_port);
	}
	if (host.len > 0) {
		result = decode(host, err, &url->host);
	}
	if (result == 0 && url->host == NULL) {
		url->host = strdup("localhost");
		result = url->host == NULL ? -ENOMEM : 0;
	}
	if (result == 0 && has_port) {
		result = number(authority, 65535, "port", err, &url->port);
	}
	if (result == 0 && url->port == 0) {
		result = err_set(err, -EINVAL, "the URL's port is 0");
	}
	if (result == 0 && has_path && rest.len > 0) {
		result = number(
			rest, INT_MAX, "path, which is the number of the database,", err, &url->db);
	}
	return result;
}

static bool take_scheme(struct str *rest, const char *scheme)
{
	size_t len = strlen(scheme);

	if (rest->len < len || strncasecmp(rest->data, scheme, len) != 0) {
		return false;
	}
	rest->data += len;
	rest->len -= len;
	return true;
}

int redis_url_parse(const char *text, struct err *err, struct redis_url *ret_url)
{
	struct redis_url url = {.port = -1, .db = -1};
	struct str rest = str_of(text);
	struct str query;
	bool has_query;
	bool is_socket;
	int result;

	if (take_scheme(&rest, "rediss://")) {
		return err_set(err, -EINVAL,
			"rediss:// means TLS, which this build does not have; use redis:// to a "
			"local tunnel such as stunnel, or a unix socket");
	}
	is_socket = take_scheme(&rest, "unix://") || take_scheme(&rest, "redis+unix://");
	if (!is_socket && !take_scheme(&rest, "redis://")) {
		return err_set(err, -EINVAL, "the URL must begin with redis:// or unix://");
	}
	result = take_login(&rest, err, &url);
	query = rest;
	rest = before(&query, '?', &has_query);
	if (result == 0 && has_query) {
		result = take_query(query, err, &url);
	}
	if (result == 0 && is_socket && (rest.len < 2 || rest.data[0] != '/')) {
		result = err_set(err, -EINVAL,
			"the URL of a socket has an absolute path, as in unix:///run/redis.sock");
	}
	if (result == 0) {
		result = is_socket ? decode(rest, err, &url.unix_socket)
				   : take_address(rest, err, &url);
	}
	if (result < 0) {
		redis_url_finish(&url);
		return result;
	}
	*ret_url = url;
	return 0;
}

void redis_url_finish(struct redis_url *url)
{
	free(url->host);
	free(url->unix_socket);
	free(url->username);
	free(url->password);
	*url = (struct redis_url){0};
}
