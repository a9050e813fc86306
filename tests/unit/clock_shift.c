/*
 * Preloaded into the guard by tests: CLOCK_REALTIME is ahead by the seconds that the file named by
 * CLOCK_SHIFT holds, as if somebody had set the computer's clock. All other clocks are untouched.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long
shift(void)
{
	const char *path = getenv("CLOCK_SHIFT");
	char text[16] = "";
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0) {
			text[0] = '\0';
		}
		close(fd);
	}
	return strtol(text, NULL, 10);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (rc == 0 && clock == CLOCK_REALTIME) {
		now->tv_sec += shift();
	}
	return rc;
}
