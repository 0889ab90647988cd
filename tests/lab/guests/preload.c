/* Copyright: (c) 2026, hyperv.integration contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LD_PRELOAD shim for the real Hyper-V daemons against the fake host's sockets (vmbus/unix.py); needs no root.
 *
 * open("/dev/vmbus/hv_*") becomes a connection to $FAKEVMBUS_DIR/hv_*; pread and pwrite on it (hv_fcopy_daemon) become
 * recv and send.  /var/lib/hyperv becomes $FAKEVMBUS_STATE, which has to exist. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#define NODES "/dev/vmbus/"
#define STATE "/var/lib/hyperv"
#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))

static int node_fd = -1;

static const char *mapped(const char *path, char *buffer, size_t size)
{
	const char *state = getenv("FAKEVMBUS_STATE");
	size_t length = strlen(STATE);

	if (!state || strncmp(path, STATE, length) || (path[length] && path[length] != '/'))
		return path;
	if ((size_t)snprintf(buffer, size, "%s%s", state, path + length) >= size)
		return path;
	return buffer;
}

static int open_node(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *directory = getenv("FAKEVMBUS_DIR");
	int fd;

	if (!directory || (size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, name) >=
				  sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		errno = ENODEV;
		return -1;
	}
	return node_fd = fd;
}

static int open_any(const char *real, const char *path, int flags, mode_t mode)
{
	char buffer[4096];

	if (!strncmp(path, NODES, strlen(NODES)))
		return open_node(path + strlen(NODES));
	return NEXT(real, int (*)(const char *, int, ...))(mapped(path, buffer, sizeof(buffer)), flags, mode);
}

#define OPEN(name)                                                      \
	int name(const char *path, int flags, ...)                      \
	{                                                               \
		mode_t mode = 0;                                        \
		if (flags & (O_CREAT | O_TMPFILE)) {                    \
			va_list list;                                   \
			va_start(list, flags);                          \
			mode = va_arg(list, int);                       \
			va_end(list);                                   \
		}                                                       \
		return open_any(#name, path, flags, mode);              \
	}
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags)
{
	return open_any("open", path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return open_any("open64", path, flags, 0);
}

#define FOPEN(name)                                                                                           \
	FILE *name(const char *path, const char *mode)                                                        \
	{                                                                                                     \
		char buffer[4096];                                                                            \
		return NEXT(#name, FILE *(*)(const char *, const char *))(mapped(path, buffer, sizeof(buffer)), mode); \
	}
FOPEN(fopen)
FOPEN(fopen64)

int access(const char *path, int mode)
{
	char buffer[4096];

	return NEXT("access", int (*)(const char *, int))(mapped(path, buffer, sizeof(buffer)), mode);
}

int mkdir(const char *path, mode_t mode)
{
	char buffer[4096];

	return NEXT("mkdir", int (*)(const char *, mode_t))(mapped(path, buffer, sizeof(buffer)), mode);
}

#define POSITIONED(name, buffer_type, on_socket)                                                            \
	ssize_t name(int fd, buffer_type buffer, size_t size, off_t offset)                                 \
	{                                                                                                   \
		if (fd >= 0 && fd == node_fd)                                                               \
			return on_socket(fd, buffer, size, 0);                                              \
		return NEXT(#name, ssize_t (*)(int, buffer_type, size_t, off_t))(fd, buffer, size, offset); \
	}
POSITIONED(pread, void *, recv)
POSITIONED(pread64, void *, recv)
POSITIONED(pwrite, const void *, send)
POSITIONED(pwrite64, const void *, send)

ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t limit)
{
	(void)limit;
	return pread(fd, buffer, size, offset);
}

ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t limit)
{
	(void)limit;
	return pread64(fd, buffer, size, offset);
}
