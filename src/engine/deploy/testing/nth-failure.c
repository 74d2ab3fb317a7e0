// SPDX-License-Identifier: Apache-2.0

/*
 * Fails the nth call that changes a file or writes, with EIO: a library for LD_PRELOAD. Calls are counted over all processes that
 * map the same counter, a file of four bytes that PYROMETER_NTH names. It holds how many calls are still to come, the one that
 * fails included; at or below zero none fails any more.
 *
 * What programs call inside the C library, as stdio does to write, is not seen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int *left;

__attribute__((constructor)) static void map_counter(void)
{
	const char *path = getenv("PYROMETER_NTH");
	int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	int file = path != NULL ? next(path, O_RDWR | O_CLOEXEC) : -1;
	void *page;

	if (file < 0)
		return;
	page = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (page != MAP_FAILED)
		left = page;
}

static int fails(void)
{
	if (left == NULL || atomic_fetch_sub(left, 1) != 1)
		return 0;
	errno = EIO;
	return 1;
}

#define WRAP(type, name, parameters, ...)                                                                                              \
	type name parameters                                                                                                           \
	{                                                                                                                              \
		type(*next) parameters = dlsym(RTLD_NEXT, #name);                                                                      \
		return fails() ? -1 : next(__VA_ARGS__);                                                                               \
	}

WRAP(ssize_t, write, (int file, const void *bytes, size_t size), file, bytes, size)
WRAP(ssize_t, copy_file_range, (int from, off64_t *at, int to, off64_t *to_at, size_t size, unsigned flags), from, at, to, to_at, size,
     flags)
WRAP(int, rename, (const char *from, const char *to), from, to)
WRAP(int, renameat, (int in, const char *from, int to_in, const char *to), in, from, to_in, to)
WRAP(int, renameat2, (int in, const char *from, int to_in, const char *to, unsigned flags), in, from, to_in, to, flags)
WRAP(int, mkdir, (const char *path, mode_t mode), path, mode)
WRAP(int, mkdirat, (int in, const char *path, mode_t mode), in, path, mode)
WRAP(int, rmdir, (const char *path), path)
WRAP(int, unlink, (const char *path), path)
WRAP(int, unlinkat, (int in, const char *path, int flags), in, path, flags)
WRAP(int, chmod, (const char *path, mode_t mode), path, mode)
WRAP(int, fchmod, (int file, mode_t mode), file, mode)
WRAP(int, fchmodat, (int in, const char *path, mode_t mode, int flags), in, path, mode, flags)

/* Only what makes a file counts. */
#define WRAP_OPEN(name, parameters, ...)                                                                                               \
	int name parameters                                                                                                            \
	{                                                                                                                              \
		int(*next) parameters = dlsym(RTLD_NEXT, #name);                                                                       \
		mode_t mode = 0;                                                                                                       \
		va_list rest;                                                                                                          \
                                                                                                                                       \
		if (flags & O_CREAT) {                                                                                                 \
			va_start(rest, flags);                                                                                         \
			mode = va_arg(rest, mode_t);                                                                                   \
			va_end(rest);                                                                                                  \
			if (fails())                                                                                                   \
				return -1;                                                                                             \
		}                                                                                                                      \
		return next(__VA_ARGS__, mode);                                                                                        \
	}

WRAP_OPEN(open, (const char *path, int flags, ...), path, flags)
WRAP_OPEN(open64, (const char *path, int flags, ...), path, flags)
WRAP_OPEN(openat, (int in, const char *path, int flags, ...), in, path, flags)
WRAP_OPEN(openat64, (int in, const char *path, int flags, ...), in, path, flags)
