#include "wire/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1 */
#endif

int control_create(struct control_page **ret_page, int *ret_fd)
{
	void *page = MAP_FAILED;
	int result;
	int fd = memfd_create("formy-control", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		return -errno;
	}
	if (ftruncate(fd, sizeof(struct control_page)) < 0) {
		goto fail;
	}
	page = mmap(NULL, sizeof(struct control_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		goto fail;
	}
	if (fcntl(fd, F_ADD_SEALS,
		    F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		goto fail;
	}
	*ret_page = page;
	*ret_fd = fd;
	return 0;
fail:
	result = -errno;
	if (page != MAP_FAILED) {
		control_unmap(page);
	}
	fs_close(fd);
	return result;
}

const struct control_page *control_map(int fd)
{
	void *page = mmap(NULL, sizeof(struct control_page), PROT_READ, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

void control_unmap(const struct control_page *page)
{
	if (page) {
		(void)munmap((void *)page, sizeof(*page));
	}
}

void control_stop(struct control_page *page, uint64_t job, enum control_reason reason)
{
	atomic_store(&page->stop, job * 4 + (uint64_t)reason);
}

unsigned control_stopped(const struct control_page *page, uint64_t job)
{
	uint64_t stop = atomic_load_explicit(&page->stop, memory_order_relaxed);

	return stop / 4 == job ? (unsigned)(stop % 4) : 0;
}
