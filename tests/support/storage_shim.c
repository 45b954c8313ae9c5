/* Stands between a process and the disk: writes down what reaches the files of one directory, or
 * makes one call fail, or ends the process in the middle of it.
 *
 * Loaded by LD_PRELOAD, steered by the environment, which is read again after each fork:
 *
 *   STORAGE_DIRECTORY  only files below it are looked at, except shared-memory files (`-shm`)
 *   STORAGE_LOG        file to which every call is appended (see `struct record`)
 *   STORAGE_FAULT      `<calls> <action> <number>`: what happens at the n-th call of a kind;
 *                      calls are `write` or `sync`, actions `kill`, `EIO` or `ENOSPC`. A full disk
 *                      stays full: ENOSPC goes on for every later write.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { WRITE = 'w', TRUNCATE = 't', SYNC = 's', REMOVE = 'r' };

/* What stands before the name and the bytes of a call in the log; little-endian on the machines
 * this runs on. */
struct record {
  uint8_t kind;
  uint8_t padding[3];
  uint32_t name_length;
  uint64_t offset;
  uint64_t length;
};

static ssize_t (*next_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*next_write)(int, const void *, size_t);
static int (*next_truncate)(int, off64_t);
static int (*next_fsync)(int);
static int (*next_fdatasync)(int);
static int (*next_unlink)(const char *);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t known_for;
static char directory[PATH_MAX];
static size_t directory_length;
static int log_file = -1;
static enum kind fault_kind;
static char fault_action[16];
static long fault_number;
static long calls_seen;

static void find_next(void) {
  if (next_pwrite) return;
  next_write = dlsym(RTLD_NEXT, "write");
  next_truncate = dlsym(RTLD_NEXT, "ftruncate64");
  next_fsync = dlsym(RTLD_NEXT, "fsync");
  next_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  next_unlink = dlsym(RTLD_NEXT, "unlink");
  next_pwrite = dlsym(RTLD_NEXT, "pwrite64");
}

/* Reads the environment once in each process. */
static void settle(void) {
  find_next();
  if (known_for == getpid()) return;
  known_for = getpid();
  calls_seen = 0;
  fault_number = 0;
  directory[0] = 0;
  const char *wanted = getenv("STORAGE_DIRECTORY");
  if (wanted && !realpath(wanted, directory)) directory[0] = 0;
  directory_length = strlen(directory);
  const char *log_name = getenv("STORAGE_LOG");
  log_file = log_name ? open(log_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  const char *fault = getenv("STORAGE_FAULT");
  char calls[16];
  if (fault && sscanf(fault, "%15s %15s %ld", calls, fault_action, &fault_number) == 3)
    fault_kind = calls[0] == 's' ? SYNC : WRITE;
  else
    fault_number = 0;
}

/* Gives the name of a watched file inside the directory, or NULL. */
static const char *watched(const char *path, size_t length) {
  if (!directory_length || length <= directory_length + 1) return NULL;
  if (memcmp(path, directory, directory_length) || path[directory_length] != '/') return NULL;
  if (length > 4 && !memcmp(path + length - 4, "-shm", 4)) return NULL;
  return path + directory_length + 1;
}

static const char *name_of(int file, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  return watched(path, (size_t)length);
}

/* Tells whether this call has to fail, after setting errno; does not come back from a kill. */
static int fails(enum kind kind) {
  if (!fault_number || kind != fault_kind) return 0;
  calls_seen++;
  int full = !strcmp(fault_action, "ENOSPC");
  if (calls_seen != fault_number && !(full && calls_seen > fault_number)) return 0;
  if (!strcmp(fault_action, "kill")) kill(getpid(), SIGKILL);
  errno = full ? ENOSPC : EIO;
  return 1;
}

static void log_call(enum kind kind, const char *name, off64_t offset, const void *bytes,
                     size_t length) {
  if (log_file < 0) return;
  size_t name_length = strlen(name);
  struct record head = {.kind = kind,
                        .name_length = (uint32_t)name_length,
                        .offset = (uint64_t)offset,
                        .length = length};
  size_t carried = kind == WRITE ? length : 0;
  size_t size = sizeof head + name_length + carried;
  char *whole = malloc(size);
  if (!whole) abort();
  memcpy(whole, &head, sizeof head);
  memcpy(whole + sizeof head, name, name_length);
  if (carried) memcpy(whole + sizeof head + name_length, bytes, carried);
  for (size_t done = 0; done < size;) {
    ssize_t count = next_write(log_file, whole + done, size - done);
    if (count < 0) abort();
    done += (size_t)count;
  }
  free(whole);
}

/* Order in the log is the order on the disk: each watched call and its record are one step. */
#define STEP(kind, name, real, offset, bytes, length)                       \
  do {                                                                      \
    pthread_mutex_lock(&lock);                                              \
    __typeof__(real) result = -1;                                           \
    if (!fails(kind)) {                                                     \
      result = (real);                                                      \
      int error = errno;                                                    \
      if (result >= 0) log_call(kind, name, offset, bytes, length);         \
      errno = error;                                                        \
    }                                                                       \
    pthread_mutex_unlock(&lock);                                            \
    return result;                                                          \
  } while (0)

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
  char path[PATH_MAX];
  settle();
  const char *name = name_of(file, path);
  if (!name) return next_pwrite(file, bytes, length, offset);
  STEP(WRITE, name, next_pwrite(file, bytes, length, offset), offset, bytes, (size_t)result);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
  return pwrite64(file, bytes, length, offset);
}

ssize_t write(int file, const void *bytes, size_t length) {
  char path[PATH_MAX];
  settle();
  const char *name = file == log_file ? NULL : name_of(file, path);
  if (!name) return next_write(file, bytes, length);
  off64_t offset = lseek64(file, 0, SEEK_CUR);
  STEP(WRITE, name, next_write(file, bytes, length), offset, bytes, (size_t)result);
}

int ftruncate64(int file, off64_t length) {
  char path[PATH_MAX];
  settle();
  const char *name = name_of(file, path);
  if (!name) return next_truncate(file, length);
  STEP(TRUNCATE, name, next_truncate(file, length), length, NULL, 0);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int fsync(int file) {
  char path[PATH_MAX];
  settle();
  const char *name = name_of(file, path);
  if (!name) return next_fsync(file);
  STEP(SYNC, name, next_fsync(file), 0, NULL, 0);
}

int fdatasync(int file) {
  char path[PATH_MAX];
  settle();
  const char *name = name_of(file, path);
  if (!name) return next_fdatasync(file);
  STEP(SYNC, name, next_fdatasync(file), 0, NULL, 0);
}

int unlink(const char *given) {
  char path[PATH_MAX];
  settle();
  const char *name = realpath(given, path) ? watched(path, strlen(path)) : NULL;
  if (!name) return next_unlink(given);
  STEP(REMOVE, name, next_unlink(given), 0, NULL, 0);
}
