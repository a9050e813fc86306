/*
 * The command line: what each option sets, the sentence for each bad one, and that it wins over the
 * configuration file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/options.h"
#include "common/modes.h"

#define MAX_ARGS 16

static char home[] = "/tmp/tether-options-XXXXXX"; /* XDG_CONFIG_HOME of all tests */
static char said[2048];				   /* standard output and error of the last parse */

/* Sends a stream to `file`; returns what it was. */
static int
divert(FILE *stream, FILE *file)
{
	int old;

	fflush(stream);
	old = dup(fileno(stream));
	assert_true(old >= 0 && dup2(fileno(file), fileno(stream)) >= 0);
	return old;
}

static void
restore(FILE *stream, int old)
{
	fflush(stream);
	assert_true(dup2(old, fileno(stream)) >= 0);
	close(old);
}

/* Parses words that are separated by single spaces. */
static int
parse(struct options *o, const char *words)
{
	char copy[1024], *argv[MAX_ARGS];
	struct wish wish;
	int argc = 0, rc, out, err;
	FILE *file = tmpfile();

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok(copy, " "); w != NULL && argc < MAX_ARGS; w = strtok(NULL, " ")) {
		argv[argc++] = w;
	}
	assert_non_null(file);
	out = divert(stdout, file);
	err = divert(stderr, file);
	rc = options_parse(o, &wish, argc, argv);
	restore(stdout, out);
	restore(stderr, err);
	rewind(file);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	fclose(file);
	return rc;
}

static struct options
accepted(const char *words)
{
	struct options o;

	if (parse(&o, words) != 0) {
		fail_msg("%s: %s", words, said);
	}
	assert_string_equal(said, "");
	return o;
}

static void
expect_refused(const char *words, const char *sentence)
{
	struct options o;

	assert_int_equal(parse(&o, words), -1);
	assert_string_equal(said, sentence);
}

/* Writes a file below `home`; "" removes it. */
static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	if (*text == '\0') {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
}

static void
a_server_is_a_name_or_an_address_with_or_without_port(void **state)
{
	static const struct {
		const char *text, *host, *page;
		unsigned port;
	} good[] = {
		{"tether.example", "tether.example", "https://tether.example/", 8883},
		{"tether.example:443", "tether.example", "https://tether.example/", 443},
		{"localhost:1", "localhost", "https://localhost/", 1},
		{"192.0.2.7:65535", "192.0.2.7", "https://192.0.2.7/", 65535},
		{"[::1]", "::1", "https://[::1]/", 8883},
		{"[2001:db8::7]:8884", "2001:db8::7", "https://[2001:db8::7]/", 8884},
		{"my_box-1", "my_box-1", "https://my_box-1/", 8883},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char words[128];
		struct options o;

		snprintf(words, sizeof(words), "--server %s", good[i].text);
		o = accepted(words);
		assert_string_equal(o.host, good[i].host);
		assert_string_equal(o.page, good[i].page);
		assert_int_equal(o.port, good[i].port);
	}
}

static void
a_bad_server_is_refused(void **state)
{
	static const char *const bad[] = {
		":8883",       "host:",	    "host:0",	 "host:65536", "host:88x", "host:1:2",
		"::1",	       "[::1",	    "[::1]8883", "[::1]:",     "[]",	   "[host]",
		"[127.0.0.1]", "host/path", "user@host", "-host",      "host:+1",  "https://host",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char words[64], sentence[128];

		snprintf(words, sizeof(words), "--server %s", bad[i]);
		snprintf(sentence, sizeof(sentence),
			 "tether: --server expects HOST, HOST:PORT or [IPv6]:PORT, not \"%s\"\n",
			 bad[i]);
		expect_refused(words, sentence);
	}
}

static void
a_host_of_253_characters_fits_and_one_more_does_not(void **state)
{
	char words[400] = "--server ";
	struct options o;

	(void)state;
	memset(words + 9, 'a', 253);
	o = accepted(words);
	assert_int_equal(strlen(o.host), 253);
	assert_int_equal(strlen(o.page), 253 + 9);
	words[9 + 253] = 'a';
	assert_int_equal(parse(&o, words), -1);
}

static void
each_bad_value_gives_a_sentence(void **state)
{
	static const struct {
		const char *words, *sentence;
	} bad[] = {
		{"--cap-a 101", "tether: --cap-a expects 0 to 100 percent, not \"101\"\n"},
		{"--cap-b 1e1", "tether: --cap-b expects 0 to 100 percent, not \"1e1\"\n"},
		{"--high-cap-a -", "tether: --high-cap-a expects 0 to 100 percent, not \"-\"\n"},
		{"--high-cap-b -1", "tether: --high-cap-b expects 0 to 100 percent, not \"-1\"\n"},
		{"--lock all", "tether: --lock expects power or mode, not \"all\"\n"},
		{"--unlock Power", "tether: --unlock expects power or mode, not \"Power\"\n"},
		{"--power-lock 1", "tether: --power-lock expects yes or no, not \"1\"\n"},
		{"--mode-lock on", "tether: --mode-lock expects yes or no, not \"on\"\n"},
		{"--admit maybe", "tether: --admit expects ask or always, not \"maybe\"\n"},
		{"--hold 31", "tether: --hold expects 2 to 30 seconds, not \"31\"\n"},
		{"--idle 241", "tether: --idle expects 0 to 240 minutes, 0 is off, not \"241\"\n"},
		{"--checkin x",
		 "tether: --checkin expects 0 to 240 minutes, 0 is off, not \"x\"\n"},
		{"--rise 19", "tether: --rise expects 20 to 2000 ms per percent, not \"19\"\n"},
		{"--modes tens",
		 "tether: --modes expects all, or names like pulse wave flo, not \"tens\"\n"},
		{"--page http://a/",
		 "tether: --page expects an address like https://HOST/, not \"http://a/\"\n"},
		{"--page https://a/#x",
		 "tether: --page expects an address like https://HOST/, not \"https://a/#x\"\n"},
		{"--page https:///",
		 "tether: --page expects an address like https://HOST/, not \"https:///\"\n"},
		{"--server", "tether: --server expects HOST, HOST:PORT or [IPv6]:PORT\n"},
		{"--cap-a --cap-b 3", "tether: --cap-a expects 0 to 100 percent\n"},
		{"--box --headless", "tether: --box expects the path of a serial port\n"},
		{"--ca", "tether: --ca expects the name of a file\n"},
		{"--config", "tether: --config expects the name of a file\n"},
		{"--lock", "tether: --lock expects power or mode\n"},
		{"--cap-c 3", "tether: --cap-c is not known; `tether --help` lists all options\n"},
		{"cap-a 3", "tether: cap-a is not known; `tether --help` lists all options\n"},
		{"-h", "tether: -h is not known; `tether --help` lists all options\n"},
		{"--server h --ca /nowhere/ca.pem",
		 "tether: the certificate file /nowhere/ca.pem: No such file or directory\n"},
		{"--headless",
		 "tether: which server? Give --server HOST[:PORT], or put it in agent.conf\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_refused(bad[i].words, bad[i].sentence);
	}
}

static void
a_good_option_sets_what_it_says_and_the_last_one_counts(void **state)
{
	struct options o =
		accepted("--server h --unlock power --lock mode --headless --demo --debug "
			 "--cap-a 3 --high-cap-a 4 --cap-a 5");
	const struct limits_settings *l = &o.settings.limits;
	char here[PATH_MAX], port[PATH_MAX + 8];

	(void)state;
	assert_true(o.headless && o.demo && o.debug);
	assert_int_equal(l->cap[0][0], 5);
	assert_int_equal(l->cap[1][0], 4);
	assert_false(l->lock_power);
	assert_true(l->lock_mode);
	o = accepted("--server h --modes wave,flo --box ./x --page https://a:8443 --ca .");
	assert_int_equal(o.settings.limits.modes, 1u << MODE_WAVE | 1u << MODE_FLO);
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(port, sizeof(port), "%s/./x", here);
	assert_string_equal(o.box, port); /* as the file wants it */
	assert_string_equal(o.page, "https://a:8443/");
	assert_int_equal(o.ca[0], '/');
	assert_false(o.headless || o.demo || o.debug);
}

static void
without_options_everything_is_safe(void **state)
{
	struct options o = accepted("--server h");
	struct settings safe;

	(void)state;
	settings_default(&safe);
	assert_memory_equal(o.settings.limits.cap, safe.limits.cap, sizeof(safe.limits.cap));
	assert_int_equal(o.settings.limits.cap[0][0] + o.settings.limits.cap[1][1], 0);
	assert_true(o.settings.limits.lock_power && o.settings.ask);
	assert_int_equal(o.settings.limits.modes & (1u << MODE_STEP | 1u << MODE_TRAINING), 0);
	assert_string_equal(o.box, "");
	assert_string_equal(o.ca, "");
}

static void
help_and_version_are_printed_and_nothing_else_is_looked_at(void **state)
{
	struct options o;

	(void)state;
	put("tether/agent.conf", "nonsense\n");
	assert_int_equal(parse(&o, "--help"), 1);
	assert_non_null(strstr(said, "tether stop"));
	assert_int_equal(parse(&o, "--version"), 1);
	assert_string_equal(said, "tether " TETHER_VERSION "\n");
	put("tether/agent.conf", "");
}

static void
the_file_at_the_usual_place_is_read_and_the_command_line_wins(void **state)
{
	struct options o;

	(void)state;
	put("tether/agent.conf", "server file.example:1\ncap-a 40\ncap-b 41\npower-lock no\n");
	o = accepted("--cap-a 7 --lock power");
	put("tether/agent.conf", "");
	assert_string_equal(o.host, "file.example");
	assert_string_equal(o.page, "https://file.example/");
	assert_int_equal(o.port, 1);
	assert_int_equal(o.settings.limits.cap[0][0], 7);
	assert_int_equal(o.settings.limits.cap[0][1], 41);
	assert_true(o.settings.limits.lock_power);
}

static void
a_port_in_the_file_is_not_kept_for_another_server(void **state)
{
	struct options o;

	(void)state;
	put("tether/agent.conf", "server file.example:1\n");
	o = accepted("--server line.example");
	put("tether/agent.conf", "");
	assert_int_equal(o.port, 8883);
	assert_string_equal(o.page, "https://line.example/");
}

static void
a_named_file_is_read_instead_and_must_be_there(void **state)
{
	char words[128], sentence[256];
	struct options o;

	(void)state;
	put("tether/agent.conf", "cap-b 50\n");
	put("other", "cap-a 9\n");
	snprintf(words, sizeof(words), "--cap-b 1 --config %s/other --server h", home);
	o = accepted(words);
	assert_int_equal(o.settings.limits.cap[0][0], 9);
	assert_int_equal(o.settings.limits.cap[0][1], 1);
	put("tether/agent.conf", "");
	put("other", "");
	snprintf(sentence, sizeof(sentence), "tether: %s/other: No such file or directory\n", home);
	expect_refused(words, sentence);
}

static void
a_wrong_file_is_named_with_its_line_and_stops_the_start(void **state)
{
	char sentence[256];

	(void)state;
	put("tether/agent.conf", "server h\nhold 1\n");
	snprintf(sentence, sizeof(sentence),
		 "%s/tether/agent.conf:2: hold expects 2 to 30 seconds, not \"1\"\n", home);
	expect_refused("--hold 5", sentence);
	put("tether/agent.conf", "");
}

static int
make_home(void **state)
{
	char path[64];

	(void)state;
	if (mkdtemp(home) == NULL) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/tether", home);
	return mkdir(path, 0700) == 0 ? setenv("XDG_CONFIG_HOME", home, 1) : -1;
}

static int
remove_home(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/tether", home);
	rmdir(path);
	return rmdir(home);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_a_name_or_an_address_with_or_without_port),
		cmocka_unit_test(a_bad_server_is_refused),
		cmocka_unit_test(a_host_of_253_characters_fits_and_one_more_does_not),
		cmocka_unit_test(each_bad_value_gives_a_sentence),
		cmocka_unit_test(a_good_option_sets_what_it_says_and_the_last_one_counts),
		cmocka_unit_test(without_options_everything_is_safe),
		cmocka_unit_test(help_and_version_are_printed_and_nothing_else_is_looked_at),
		cmocka_unit_test(the_file_at_the_usual_place_is_read_and_the_command_line_wins),
		cmocka_unit_test(a_port_in_the_file_is_not_kept_for_another_server),
		cmocka_unit_test(a_named_file_is_read_instead_and_must_be_there),
		cmocka_unit_test(a_wrong_file_is_named_with_its_line_and_stops_the_start),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
