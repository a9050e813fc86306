/* Rate limits, and readiness for the service manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "keysvc/notify.h"
#include "common/rate.h"

static const struct rate rate = {1000, 3};

static void
a_burst_is_granted_and_then_one_an_interval(void **state)
{
	uint64_t full = 0, now = 5000000;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rate_take(&full, &rate, now), 0);
	}
	assert_int_equal(rate_take(&full, &rate, now), 1);
	assert_int_equal(rate_take(&full, &rate, now + 999), 1);
	assert_int_equal(rate_take(&full, &rate, now + 1000), 0);
	assert_int_equal(rate_take(&full, &rate, now + 1000), 1);
}

static void
being_refused_costs_nothing(void **state)
{
	uint64_t full = 0, now = 5000000;

	(void)state;
	while (rate_take(&full, &rate, now) == 0) {
	}
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(rate_take(&full, &rate, now), 1);
	}
	assert_int_equal(rate_take(&full, &rate, now + 1000), 0);
}

static void
a_rest_never_gives_more_than_the_burst(void **state)
{
	uint64_t full = 0;
	int granted = 0;

	(void)state;
	while (rate_take(&full, &rate, UINT64_C(1) << 50) == 0) {
		granted++;
	}
	assert_int_equal(granted, 3);
}

static void
who_waits_as_long_as_told_is_served(void **state)
{
	const struct rate slow = {10000, 2};
	uint64_t full = 0, now = 77;

	(void)state;
	assert_int_equal(rate_take(&full, &slow, now), 0);
	assert_int_equal(rate_take(&full, &slow, now + 1), 0);
	now += 2;
	now += rate_take(&full, &slow, now) * 1000;
	assert_int_equal(rate_take(&full, &slow, now), 0);
}

static void
readiness_reaches_the_service_manager(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[32] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/tether-notify-%d", (int)getpid());
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	unsetenv("NOTIFY_SOCKET");
	notify("READY=1");
	assert_int_equal(recv(fd, text, sizeof(text), 0), -1);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	notify("READY=1");
	assert_int_equal(recv(fd, text, sizeof(text), 0), 7);
	assert_memory_equal(text, "READY=1", 7);
	unlink(address.sun_path);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_granted_and_then_one_an_interval),
		cmocka_unit_test(being_refused_costs_nothing),
		cmocka_unit_test(a_rest_never_gives_more_than_the_burst),
		cmocka_unit_test(who_waits_as_long_as_told_is_served),
		cmocka_unit_test(readiness_reaches_the_service_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
