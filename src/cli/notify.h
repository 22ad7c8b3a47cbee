/*
 * Talks to the service manager that started us: sd_notify(3)'s protocol, one datagram to NOTIFY_SOCKET.
 * Without that variable every call here does nothing.
 *
 * READY=1 is sent when the mount answers a real request, and WATCHDOG=1, every half interval of
 * WATCHDOG_USEC, only while it goes on doing so. The asking is done by a process of its own: a thread of ours
 * that waits in the kernel for our own answer would keep a dying server from ending, and its mount with it.
 * The prober has no descriptor of the mount and ends with us.
 */
#ifndef SHOPFS_CLI_NOTIFY_H
#define SHOPFS_CLI_NOTIFY_H

/* Sends "READY=1", "STATUS=...", several lines at once; 0 (also when nobody listens) or -errno. Any thread.
 */
int notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct notify_watch;

/* Starts the prober; NULL when nobody listens. Before any thread of ours and before the mount. */
struct notify_watch *notify_watch_new(const char *mountpoint);
/* Starts asking; status is what READY=1 comes with. A NULL w is fine in all of these. */
void notify_watch_start(struct notify_watch *w, const char *status);
/* STOPPING=1, and no more asking: before the mount is taken down. */
void notify_watch_stop(struct notify_watch *w);
/* After the mount was taken down, since the prober may still wait for its answer. */
void notify_watch_free(struct notify_watch *w);

#endif
