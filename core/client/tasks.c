#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "client/handle.h"
#include "client/task_info.h"

#define PAGE_SIZE 20

static int out_of_memory(formy_client *client)
{
	return handle_fail(client, FORMY_CLIENT_E_MEMORY, "out of memory");
}

int formy_task_get(formy_client *client, const char *id, formy_task_info **ret_task)
{
	struct task task;
	int result = handle_begin(client);

	if (result < 0) {
		return result;
	}
	result = task_get(&client->desk, id, &client->err, &task);
	if (result < 0) {
		return handle_code(result);
	}
	return task_info_make(&task, ret_task) < 0 ? out_of_memory(client) : FORMY_CLIENT_OK;
}

/* The public code for a change. One whose answer was lost may have been made. */
static int change_code(formy_client *client, int result)
{
	struct err why = client->err;

	if (result == -ECONNRESET) {
		return handle_fail(client, FORMY_CLIENT_E_REDIS,
			"%s; it may have been done: look at the task before you try again",
			why.text);
	}
	return handle_code(result);
}

int formy_task_cancel(formy_client *client, const char *id)
{
	int result = handle_begin(client);

	if (result < 0) {
		return result;
	}
	result = task_cancel(&client->desk, id, &client->err, NULL);
	if (result == -ECONNRESET) {
		/* twice is as good as once */
		result = task_cancel(&client->desk, id, &client->err, NULL);
	}
	return handle_code(result);
}

int formy_task_retry(formy_client *client, const char *id)
{
	int result = handle_begin(client);

	if (result < 0) {
		return result;
	}
	result = task_retry(&client->desk, id, &client->err, NULL);
	return change_code(client, result);
}

int formy_task_delete(formy_client *client, const char *id)
{
	struct err why = {{0}};
	int result = handle_begin(client);

	if (result < 0) {
		return result;
	}
	result = task_delete(&client->desk, id, &client->err, NULL);
	if (result < 0) {
		return change_code(client, result);
	}
	/* a client far from the pictures has no such folder, and nothing to remove */
	result = store_remove_results(&client->store, id, &why);
	if (result < 0 && result != -ENOENT) {
		return handle_fail(client, FORMY_CLIENT_E_STORAGE,
			"the task %s is deleted, but not its results: %s", id, why.text);
	}
	return FORMY_CLIENT_OK;
}

/* The public struct comes first, so that its address is that of the whole. */
struct whole_page {
	formy_task_page page;
	formy_task_info **tasks;
	struct json_object *json;
};

/* {"tasks": [...], "page": 1, "page_size": 20, "total": 3} */
static int make_json(struct whole_page *whole)
{
	struct json_object *json = json_object_new_object();
	struct json_object *tasks = json_object_new_array();

	whole->json = json;
	if (!json || !tasks || json_object_object_add(json, "tasks", tasks) < 0) {
		json_object_put(tasks);
		return -ENOMEM;
	}
	for (size_t i = 0; i < whole->page.count; i++) {
		struct json_object *task = json_object_get(task_info_json(whole->tasks[i]));

		if (json_object_array_add(tasks, task) < 0) {
			json_object_put(task);
			return -ENOMEM;
		}
	}
	if (json_object_object_add(json, "page", json_object_new_int64(whole->page.page)) < 0 ||
		json_object_object_add(
			json, "page_size", json_object_new_int64(whole->page.page_size)) < 0 ||
		json_object_object_add(json, "total", json_object_new_int64(whole->page.total)) <
			0) {
		return -ENOMEM;
	}
	whole->page.json = json_text(json);
	return whole->page.json ? 0 : -ENOMEM;
}

/* Takes the tasks out of the list. */
static int make_page(
	struct task_page *list, const struct task_filter *filter, formy_task_page **ret_page)
{
	struct whole_page *whole = calloc(1, sizeof(*whole));

	if (!whole) {
		return -ENOMEM;
	}
	whole->tasks = calloc(list->count + 1, sizeof(formy_task_info *));
	whole->page = (formy_task_page){
		.tasks = whole->tasks,
		.page = filter->page,
		.page_size = filter->page_size,
		.total = (int64_t)list->total,
		.more = (uint64_t)filter->page * filter->page_size < list->total,
	};
	while (whole->tasks && whole->page.count < list->count &&
		task_info_make(&list->tasks[whole->page.count], &whole->tasks[whole->page.count]) ==
			0) {
		whole->page.count++;
	}
	if (!whole->tasks || whole->page.count < list->count || make_json(whole) < 0) {
		formy_task_page_free(&whole->page);
		return -ENOMEM;
	}
	*ret_page = &whole->page;
	return 0;
}

int formy_task_list(
	formy_client *client, const formy_task_filter *filter, formy_task_page **ret_page)
{
	formy_task_filter known = {.size = sizeof(known)};
	struct task_filter wanted = {0};
	struct task_page list = {0};
	enum task_status status;
	int result = filter ? handle_read_struct(filter, &known, sizeof(known)) : 0;

	if (result < 0 || known.flags != 0 ||
		(known.status && task_info_status_of(known.status, &status) < 0)) {
		return handle_fail(client, FORMY_CLIENT_E_ARGUMENT,
			"the filter lacks its size, or has flags or a status that are none");
	}
	wanted.status = known.status ? &status : NULL;
	wanted.mode = known.mode;
	wanted.user_id = known.user;
	wanted.page = known.page ? known.page : 1;
	wanted.page_size = known.page_size ? known.page_size : PAGE_SIZE;
	result = handle_begin(client);
	if (result < 0) {
		return result;
	}
	result = task_list(&client->desk, &wanted, &client->err, &list);
	if (result < 0) {
		return handle_code(result);
	}
	result = make_page(&list, &wanted, ret_page);
	task_page_finish(&list);
	return result < 0 ? out_of_memory(client) : FORMY_CLIENT_OK;
}

void formy_task_page_free(formy_task_page *page)
{
	struct whole_page *whole = (struct whole_page *)page;

	if (!whole) {
		return;
	}
	for (size_t i = 0; whole->tasks && i < whole->page.count; i++) {
		formy_task_free(whole->tasks[i]);
	}
	free(whole->tasks);
	json_object_put(whole->json);
	free(whole);
}
