/*
 * Makes writes and syncs of one process fail, as a dying disk would. Preloaded (LD_PRELOAD) it stands between the process and the
 * C library; only regular files below FAULTS_UNDER are touched, so sockets, pipes and the program's own files stay whole.
 *
 * FAULTS_CONTROL names a file of a page that is shared with whoever torments: how many calls in a million fail, the seed, whether
 * the very next sync does, and what was done, so that faults are switched on and off while the process runs. Each process draws from a stream of its own,
 * which follows from the seed and from how many processes came before it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/* The order of fault-shim.ts. */
enum kind { WRITE_IO, WRITE_TORN, WRITE_SHORT, WRITE_FULL, SYNC_BEFORE, SYNC_AFTER, TRUNCATE_IO, KINDS };

struct control {
  _Atomic uint32_t per_million;
  _Atomic uint32_t seed;
  _Atomic uint32_t processes;
  _Atomic uint32_t calls;
  _Atomic uint32_t next_sync;
  _Atomic uint32_t injected[KINDS];
};

static struct control *control;
static const char *under;
static size_t under_length;
static _Atomic uint64_t state;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate64)(int, off64_t);

__attribute__((constructor)) static void begin(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
  const char *file = getenv("FAULTS_CONTROL");
  under = getenv("FAULTS_UNDER");
  if (file == NULL || under == NULL) return;
  under_length = strlen(under);
  int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page == MAP_FAILED) return;
  control = page;
  uint64_t ordinal = atomic_fetch_add(&control->processes, 1);
  atomic_store(&state, ((uint64_t)atomic_load(&control->seed) << 32) ^ (ordinal * 0x9e3779b97f4a7c15ULL));
}

/* splitmix64: one addition is the whole state, so threads need no lock. */
static uint32_t draw(void) {
  uint64_t z = atomic_fetch_add(&state, 0x9e3779b97f4a7c15ULL) + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static int is_ours(int fd) {
  char link[32], path[4096];
  int kept = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  errno = kept;
  return length > (ssize_t)under_length && memcmp(path, under, under_length) == 0;
}

/* True when this call is to fail. */
static int strikes(int fd) {
  if (control == NULL) return 0;
  uint32_t per_million = atomic_load_explicit(&control->per_million, memory_order_relaxed);
  if (per_million == 0 || !is_ours(fd)) return 0;
  atomic_fetch_add(&control->calls, 1);
  return draw() % 1000000 < per_million;
}

static int fail(enum kind kind, int error) {
  atomic_fetch_add(&control->injected[kind], 1);
  errno = error;
  return -1;
}

/* A negative offset: where the file stands. */
static ssize_t put(int fd, const void *bytes, size_t count, off64_t offset) {
  return offset < 0 ? real_write(fd, bytes, count) : real_pwrite64(fd, bytes, count, offset);
}

static ssize_t write_or_fail(int fd, const void *bytes, size_t count, off64_t offset) {
  if (count == 0 || !strikes(fd)) return put(fd, bytes, count, offset);
  size_t part = count == 1 ? 0 : 1 + draw() % (count - 1);
  switch (draw() % 4) {
    case 0:
      return fail(WRITE_IO, EIO);
    case 1:
      return fail(WRITE_FULL, ENOSPC);
    case 2:
      if (part == 0) return fail(WRITE_IO, EIO);
      atomic_fetch_add(&control->injected[WRITE_SHORT], 1);
      return put(fd, bytes, part, offset);
    default:
      if (part > 0) put(fd, bytes, part, offset);
      return fail(WRITE_TORN, EIO);
  }
}

static int sync_or_fail(int fd, int (*real)(int)) {
  if (control != NULL && atomic_load(&control->next_sync) != 0 && is_ours(fd) &&
      atomic_exchange(&control->next_sync, 0) != 0)
    return fail(SYNC_BEFORE, EIO);
  if (!strikes(fd)) return real(fd);
  if (draw() % 2 == 0) return fail(SYNC_BEFORE, EIO);
  real(fd);
  return fail(SYNC_AFTER, EIO);
}

ssize_t write(int fd, const void *bytes, size_t count) { return write_or_fail(fd, bytes, count, -1); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  return write_or_fail(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  return write_or_fail(fd, bytes, count, offset);
}

int fsync(int fd) { return sync_or_fail(fd, real_fsync); }

int fdatasync(int fd) { return sync_or_fail(fd, real_fdatasync); }

int ftruncate64(int fd, off64_t length) {
  return strikes(fd) ? fail(TRUNCATE_IO, EIO) : real_ftruncate64(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
