/* The text of security.txt and the hashes of what a page loads: gateway/contact.h, integrity.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/contact.h"
#include "gateway/integrity.h"

static void
a_contact_is_a_uri_that_people_can_use(void **state)
{
	static const char *const good[] = {"mailto:a@b", "https://example.org/report", "tel:+1-2"};
	static const char *const bad[] = {"",
					  "a@b",
					  "mailto:",
					  "http://example.org/",
					  "MAILTO:a@b",
					  "mailto:a b",
					  "mailto:a\nExpires: 1",
					  "mailto:\xc3\xa4@b"};
	char longest[MAX_CONTACT + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(contact_ok(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(contact_ok(bad[i]));
	}
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "mailto:", 7);
	longest[MAX_CONTACT] = '\0';
	assert_true(contact_ok(longest));
	longest[MAX_CONTACT] = 'a';
	longest[MAX_CONTACT + 1] = '\0';
	assert_false(contact_ok(longest));
}

static void
the_text_has_one_line_for_each_field(void **state)
{
	char out[MAX_SECURITY_TXT], origin[MAX_SECURITY_TXT];

	(void)state;
	assert_int_equal(contact_write(out, "mailto:a@b", "https://h", 1800000000), 0);
	assert_string_equal(out, "Contact: mailto:a@b\n"
				 "Expires: 2027-01-15T08:00:00Z\n"
				 "Preferred-Languages: en\n"
				 "Canonical: https://h/.well-known/security.txt\n");
	memset(origin, 'o', sizeof(origin) - 1);
	origin[sizeof(origin) - 1] = '\0';
	assert_int_equal(contact_write(out, "mailto:a@b", origin, 1800000000), -1);
}

static void
a_build_expires_within_a_year(void **state)
{
	int64_t left = contact_expiry() - (int64_t)time(NULL);

	(void)state;
	assert_true(left < (int64_t)365 * 86400);
}

/* The empty text's SHA-384, from FIPS 180-4's examples, in base64. */
#define EMPTY "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"

static const void *
lookup(const char *name, size_t name_len, size_t *len)
{
	*len = 0;
	return name_len == 4 && (memcmp(name, "a.js", 4) == 0 || memcmp(name, "a.pn", 4) == 0)
		       ? ""
		       : NULL;
}

static void
filled(const char *html, const char *expected)
{
	size_t len;
	unsigned char *out =
		integrity_fill(&len, (const unsigned char *)html, strlen(html), lookup);

	assert_non_null(out);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(out, expected, len);
	free(out);
}

static void
what_a_page_loads_gets_its_hash_and_nothing_else_changes(void **state)
{
	(void)state;
	filled("<script src=\"/a.js\"></script>",
	       "<script src=\"/a.js\" integrity=\"" EMPTY "\"></script>");
	filled("=\"/a.js\"=\"/a.js\"",
	       "=\"/a.js\" integrity=\"" EMPTY "\"=\"/a.js\" integrity=\"" EMPTY "\"");
	for (const char *const *same =
		     (const char *const[]){"", "x", "=\"/", "=\"/a.js", "=\"/a.pn\"", "=\"/b.js\"",
					   "=\"/.js\"", "=\"/\"", "=\"a.js\"", NULL};
	     *same; same++) {
		filled(*same, *same);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_contact_is_a_uri_that_people_can_use),
		cmocka_unit_test(the_text_has_one_line_for_each_field),
		cmocka_unit_test(a_build_expires_within_a_year),
		cmocka_unit_test(what_a_page_loads_gets_its_hash_and_nothing_else_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
