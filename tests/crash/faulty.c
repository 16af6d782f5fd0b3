/* Loaded before the C library (LD_PRELOAD): the k-th call of a kind on files below a folder fails.

   Kinds: 0 write, 1 fsync, 2 rename, 3 create, 4 truncate. A short write does half of its work first, as a disk that
   fills up does, and the next one fails. Sticky: all later calls of the kind fail too, until disarmed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE, FSYNC, RENAME, CREATE, TRUNCATE };

static char folder[PATH_MAX];
static int kind = -1, error, sticky, brief, pending;
static long due, seen, failed;

void fault_arm(const char *below, int which, long k, int number, int stay, int half) {
    snprintf(folder, sizeof folder, "%s", below);
    kind = which, due = k, error = number, sticky = stay, brief = half;
    seen = failed = pending = 0;
}

long fault_disarm(void) {
    kind = -1;
    return failed;
}

static int below(const char *path) { return !strncmp(path, folder, strlen(folder)); }

static int of_folder(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

/* 0: go on; 1: fail; 2: do half */
static int verdict(int which) {
    if (pending) { pending = 0, failed++; errno = error; return 1; }
    if (++seen != due && !(sticky && seen > due)) return 0;
    if (which == WRITE && brief && seen == due) { pending = 1; return 2; }
    failed++;
    errno = error;
    return 1;
}

static int hit(int which, int file) { return kind == which && of_folder(file) ? verdict(which) : 0; }
static int named(int which, const char *path) { return kind == which && below(path) ? verdict(which) : 0; }

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__)) dlsym(RTLD_NEXT, #name)

static size_t part(int outcome, size_t count) { return outcome == 2 && count > 1 ? count / 2 : count; }

ssize_t write(int file, const void *from, size_t count) {
    REAL(ssize_t, write, int, const void *, size_t);
    int outcome = hit(WRITE, file);
    return outcome == 1 ? -1 : real(file, from, part(outcome, count));
}
ssize_t pwrite(int file, const void *from, size_t count, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    int outcome = hit(WRITE, file);
    return outcome == 1 ? -1 : real(file, from, part(outcome, count), at);
}
ssize_t pwrite64(int file, const void *from, size_t count, off64_t at) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    int outcome = hit(WRITE, file);
    return outcome == 1 ? -1 : real(file, from, part(outcome, count), at);
}
ssize_t writev(int file, const struct iovec *from, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    return hit(WRITE, file) == 1 ? -1 : real(file, from, count);
}
int fsync(int file) {
    REAL(int, fsync, int);
    return hit(FSYNC, file) ? -1 : real(file);
}
int fdatasync(int file) {
    REAL(int, fdatasync, int);
    return hit(FSYNC, file) ? -1 : real(file);
}
int rename(const char *old, const char *fresh) {
    REAL(int, rename, const char *, const char *);
    return named(RENAME, fresh) ? -1 : real(old, fresh);
}
int renameat(int from, const char *old, int to, const char *fresh) {
    REAL(int, renameat, int, const char *, int, const char *);
    return named(RENAME, fresh) ? -1 : real(from, old, to, fresh);
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    return named(CREATE, path) ? -1 : real(path, mode);
}
static int creating(int flags, const char *path) { return flags & O_CREAT && named(CREATE, path); }
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return creating(flags, path) ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(int, name, int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return creating(flags, path) ? -1 : real(at, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)
int ftruncate(int file, off_t length) {
    REAL(int, ftruncate, int, off_t);
    return hit(TRUNCATE, file) ? -1 : real(file, length);
}
int ftruncate64(int file, off64_t length) {
    REAL(int, ftruncate64, int, off64_t);
    return hit(TRUNCATE, file) ? -1 : real(file, length);
}
