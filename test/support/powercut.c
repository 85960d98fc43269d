/*
 * A power cut for one process: a library to be preloaded, which remembers what each file under POWERCUT_FOLDER held at its
 * last fsync or fdatasync, block by block, and on command puts the forgotten state back and kills the process.
 *
 * Commands arrive as lines on the FIFO named by POWERCUT_CONTROL:
 *   cut all          every block written since the file's last sync is lost, sizes and new names too
 *   cut random SEED  each such block is kept or lost by chance, sizes likewise
 *   fail N NAME      the N-th sync from now of a file whose name ends with NAME, which may be empty, answers EIO and, like a real
 *                    disk, what it held never gets to the disk;
 *                    when the process ends, everything unsynced is lost
 *
 * Not counted: the -shm file of SQLite, which is shared memory and rebuilt from the log after every crash.
 * Known gaps: unlinked files do not come back, and memory-mapped writes are not seen (the store makes neither in service).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK 4096
#define MAX_DESCRIPTORS 65536
#define MAX_FILES 64
#define BUCKETS 4096

struct block {
  struct block *next;
  off_t number;
  int lost_for_good;      /* a failed sync: no later sync brings it to the disk */
  unsigned char before[BLOCK];
};

struct file {
  char path[PATH_MAX];
  ino_t inode;
  int descriptor;         /* our own, to read and restore with */
  int created;            /* its name is not on disk before its folder is synced */
  int dirty;
  int size_lost_for_good;
  off_t size_before;
  struct block *blocks[BUCKETS];
};

static struct file *files[MAX_FILES];
static int file_count;
static int file_of[MAX_DESCRIPTORS];   /* index + 1; -1: a folder; 0: not ours */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static long fail_in;                   /* syncs until the one that fails, 0: none */
static char fail_name[64];             /* the end of the names of files that count */
static int failed;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void resolve(void) {
  if (real_open) return;
  real_openat = dlsym(RTLD_NEXT, "openat");
  real_close = dlsym(RTLD_NEXT, "close");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_open = dlsym(RTLD_NEXT, "open64");
}

static off_t size_of(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 ? status.st_size : 0;
}

static void touch(struct file *file) {
  if (file->dirty) return;
  file->dirty = 1;
  file->size_before = size_of(file->descriptor);
}

/* Keeps what a range held before it changes, unless it is kept already. */
static void remember(struct file *file, off_t from, off_t until) {
  touch(file);
  for (off_t number = from / BLOCK; number * BLOCK < until; number++) {
    struct block **bucket = &file->blocks[number % BUCKETS], *block = *bucket;
    while (block && block->number != number) block = block->next;
    if (block) continue;
    block = calloc(1, sizeof *block);
    if (!block) abort();
    block->number = number;
    if (pread64(file->descriptor, block->before, BLOCK, number * BLOCK) < 0) abort();
    block->next = *bucket;
    *bucket = block;
  }
}

/* A sync succeeded: the present state is on disk, except what an earlier failed sync dropped. */
static void settle(struct file *file) {
  int kept = 0;
  for (int i = 0; i < BUCKETS; i++) {
    struct block **link = &file->blocks[i];
    while (*link) {
      struct block *block = *link;
      if (block->lost_for_good) {
        kept = 1;
        link = &block->next;
      } else {
        *link = block->next;
        free(block);
      }
    }
  }
  if (!kept && !file->size_lost_for_good) file->dirty = 0;
}

static void drop(struct file *file) {
  for (int i = 0; i < BUCKETS; i++)
    for (struct block *block = file->blocks[i]; block; block = block->next) block->lost_for_good = 1;
  file->size_lost_for_good = file->dirty;
}

static unsigned long long state;
static int chance(void) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (state >> 33) & 1;
}

/* Puts back what the disk would hold. The mutex is held and never released: nothing is written after the cut. */
static void cut(int random) {
  for (int i = 0; i < file_count; i++) {
    struct file *file = files[i];
    if (file->created && (!random || chance())) {
      unlink(file->path);
      continue;
    }
    if (!file->dirty) continue;
    int keep_size = random && !file->size_lost_for_good && chance();
    for (int j = 0; j < BUCKETS; j++)
      for (struct block *block = file->blocks[j]; block; block = block->next)
        if (block->lost_for_good || !random || chance())
          real_pwrite(file->descriptor, block->before, BLOCK, block->number * BLOCK);
    off_t now = size_of(file->descriptor);
    if (!keep_size || now < file->size_before) real_ftruncate(file->descriptor, file->size_before);
  }
}

static void *listen_for_commands(void *path) {
  char line[256];
  /* For reading and writing, so that neither side waits for the other and there is no end of file. */
  FILE *control = fopen(path, "r+");
  if (!control) return NULL;
  while (fgets(line, sizeof line, control)) {
    pthread_mutex_lock(&mutex);
    if (!strncmp(line, "cut ", 4)) {
      int random = !strncmp(line + 4, "random", 6);
      if (random) state = strtoull(line + 10, NULL, 10) * 2654435761u + 1;
      cut(random);
      kill(getpid(), SIGKILL);
      for (;;) pause();
    }
    if (!strncmp(line, "fail ", 5)) {
      fail_name[0] = 0;
      sscanf(line + 5, "%ld %63s", &fail_in, fail_name);
    }
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

__attribute__((constructor)) static void start(void) {
  resolve();
  const char *control = getenv("POWERCUT_CONTROL");
  folder = getenv("POWERCUT_FOLDER");
  if (!folder || !control) return;
  pthread_t thread;
  pthread_create(&thread, NULL, listen_for_commands, strdup(control));
  /* Programs this one starts are not ours. */
  unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void stop(void) {
  if (!failed) return;
  pthread_mutex_lock(&mutex);
  cut(0);
}

static void track(int descriptor, const char *path, int is_new) {
  struct stat status;
  if (!folder || descriptor < 0 || descriptor >= MAX_DESCRIPTORS || !path) return;
  size_t length = strlen(folder), end = strlen(path);
  if (strncmp(path, folder, length) != 0) return;
  if (end > 4 && !strcmp(path + end - 4, "-shm")) return;
  if (fstat(descriptor, &status) != 0) return;
  if (S_ISDIR(status.st_mode)) {
    file_of[descriptor] = -1;
    return;
  }
  if (!S_ISREG(status.st_mode)) return;
  pthread_mutex_lock(&mutex);
  int index = 0;
  while (index < file_count && files[index]->inode != status.st_ino) index++;
  if (index == file_count) {
    if (file_count == MAX_FILES) abort();
    struct file *file = calloc(1, sizeof *file);
    if (!file) abort();
    strncpy(file->path, path, PATH_MAX - 1);
    file->inode = status.st_ino;
    file->created = is_new;
    /* Never closed: closing any descriptor of a file drops the locks SQLite holds on it. */
    file->descriptor = real_open(path, O_RDWR | O_CLOEXEC);
    files[file_count++] = file;
  }
  file_of[descriptor] = index + 1;
  pthread_mutex_unlock(&mutex);
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
  resolve();
  int is_new = folder && (flags & O_CREAT) && access(path, F_OK) != 0;
  int descriptor = real_openat(at, path, flags, mode);
  if (descriptor >= 0) track(descriptor, path, is_new);
  return descriptor;
}

#define MODE(mode)                                  \
  mode_t mode = 0;                                  \
  if (flags & (O_CREAT | O_TMPFILE)) {              \
    va_list list;                                   \
    va_start(list, flags);                          \
    mode = va_arg(list, mode_t);                    \
    va_end(list);                                   \
  }

int open(const char *path, int flags, ...) { MODE(mode) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(mode) return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(mode) return open_any(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(mode) return open_any(at, path, flags | O_LARGEFILE, mode); }

int close(int descriptor) {
  resolve();
  if (descriptor >= 0 && descriptor < MAX_DESCRIPTORS) file_of[descriptor] = 0;
  return real_close(descriptor);
}

static struct file *tracked(int descriptor) {
  if (descriptor < 0 || descriptor >= MAX_DESCRIPTORS || file_of[descriptor] <= 0) return NULL;
  return files[file_of[descriptor] - 1];
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
  resolve();
  struct file *file = tracked(descriptor);
  if (!file) return real_write(descriptor, bytes, length);
  pthread_mutex_lock(&mutex);
  off_t offset = lseek(descriptor, 0, SEEK_CUR);
  remember(file, offset, offset + (off_t)length);
  ssize_t written = real_write(descriptor, bytes, length);
  pthread_mutex_unlock(&mutex);
  return written;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  resolve();
  struct file *file = tracked(descriptor);
  if (!file) return real_writev(descriptor, parts, count);
  off_t length = 0;
  for (int i = 0; i < count; i++) length += (off_t)parts[i].iov_len;
  pthread_mutex_lock(&mutex);
  off_t offset = lseek(descriptor, 0, SEEK_CUR);
  remember(file, offset, offset + length);
  ssize_t written = real_writev(descriptor, parts, count);
  pthread_mutex_unlock(&mutex);
  return written;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
  resolve();
  struct file *file = tracked(descriptor);
  if (!file) return real_pwrite(descriptor, bytes, length, offset);
  pthread_mutex_lock(&mutex);
  remember(file, offset, offset + (off_t)length);
  ssize_t written = real_pwrite(descriptor, bytes, length, offset);
  pthread_mutex_unlock(&mutex);
  return written;
}
ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
  return pwrite64(descriptor, bytes, length, offset);
}

int ftruncate64(int descriptor, off_t length) {
  resolve();
  struct file *file = tracked(descriptor);
  if (!file) return real_ftruncate(descriptor, length);
  pthread_mutex_lock(&mutex);
  touch(file);
  remember(file, length, size_of(descriptor));
  int result = real_ftruncate(descriptor, length);
  pthread_mutex_unlock(&mutex);
  return result;
}
int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

/* Whether a file is one of those of which a sync is to fail. */
static int counts(int of) {
  if (!fail_name[0]) return 1;
  if (of <= 0) return 0;
  size_t length = strlen(files[of - 1]->path), end = strlen(fail_name);
  return length >= end && !strcmp(files[of - 1]->path + length - end, fail_name);
}

static int sync_with(int (*real)(int), int descriptor) {
  resolve();
  int of = descriptor >= 0 && descriptor < MAX_DESCRIPTORS ? file_of[descriptor] : 0;
  if (of == 0) return real(descriptor);
  pthread_mutex_lock(&mutex);
  int result;
  if (fail_in > 0 && counts(of) && --fail_in == 0) {
    if (of > 0) drop(files[of - 1]);
    failed = 1;
    dprintf(2, "powercut: the flush of %s fails\n", of > 0 ? files[of - 1]->path : "a folder");
    errno = EIO;
    result = -1;
  } else {
    result = real(descriptor);
    if (result == 0 && of > 0) settle(files[of - 1]);
    /* One folder holds everything, so a synced folder makes every name durable. */
    if (result == 0 && of < 0)
      for (int i = 0; i < file_count; i++) files[i]->created = 0;
  }
  pthread_mutex_unlock(&mutex);
  return result;
}
int fsync(int descriptor) { return sync_with(real_fsync, descriptor); }
int fdatasync(int descriptor) { return sync_with(real_fdatasync, descriptor); }
