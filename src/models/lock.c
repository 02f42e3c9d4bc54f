/* lock.c: one process at a time works on a name. An flock on a file of its own: the system gives it back when its
 * holder dies, however it dies. The file is removed by the holder; who waited for a file that is gone tries again
 * with the new one. */
#include "models/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Whether the file that was locked is still the one that others would open. */
static bool is_current(int descriptor, const char *path)
{
    struct stat held, named;
    return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
}

bool lock_try(const char *path, struct lock *out, bool *taken, struct error *error)
{
    *taken = false;
    *out = (struct lock){ .descriptor = -1, .path = path };
    const int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return error_system(error, path, "open it");
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const bool busy = errno == EWOULDBLOCK || errno == EINTR;
        const bool fine = busy || error_system(error, path, "lock it");
        close(descriptor);
        return fine;
    }
    *taken = is_current(descriptor, path);
    if (*taken)
        out->descriptor = descriptor;
    else
        close(descriptor);
    return true;
}

bool lock_take(const struct place *place, const struct progress *progress, struct lock *out, struct error *error)
{
    static const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
    static const char waiting[] = "waiting for another process that works on this model";
    if (!folder_make(place->pull, error))
        return false;
    for (bool waited = false;; waited = true) {
        bool taken;
        if (!lock_try(place->lock, out, &taken, error))
            return false;
        if (taken && waited)
            progress_tell(progress, waiting, 1, 1);
        if (taken)
            return true;
        if (!progress_tell(progress, waiting, 0, 0))
            return error_set_kind(error, ERROR_STOPPED, "stopped while waiting for %s", place->lock);
        nanosleep(&pause, NULL);
    }
}

void lock_release(struct lock *lock)
{
    if (lock->descriptor < 0)
        return;
    unlink(lock->path); /* before it is given back, so that nobody locks what is about to go */
    close(lock->descriptor);
    lock->descriptor = -1;
}
