/*
 * Which adapters are plugged in (ports.h). Guard process, at its start. What a USB device calls
 * itself is not trusted: control characters are taken out.
 */
#include "agent/box/ports.h"

#include <stdbool.h>
#include <string.h>

#include <libserialport.h>

#define USB_FTDI 0x0403

/* Copies printable ASCII, '?' for the rest. False when it was cut. */
static bool
copy(char *out, size_t cap, const char *in)
{
	size_t n = 0;

	for (; in != NULL && in[n] != '\0' && n < cap - 1; n++) {
		bool printable = in[n] >= ' ' && in[n] <= '~';

		out[n] = printable ? in[n] : '?';
	}
	out[n] = '\0';
	return in == NULL || in[n] == '\0';
}

static bool
describe(struct port *out, const struct sp_port *port)
{
	int vendor = 0, product = 0;
	const char *name = sp_get_port_usb_product(port);

	if (sp_get_port_usb_vid_pid(port, &vendor, &product) != SP_OK || vendor != USB_FTDI) {
		return false;
	}
	copy(out->description, sizeof(out->description),
	     name != NULL ? name : sp_get_port_description(port));
	return copy(out->path, sizeof(out->path), sp_get_port_name(port)) &&
	       copy(out->serial, sizeof(out->serial), sp_get_port_usb_serial(port));
}

int
ports_list(struct port *out, size_t cap)
{
	struct sp_port **all;
	size_t n = 0;

	if (sp_list_ports(&all) != SP_OK) {
		return -1;
	}
	for (size_t i = 0; all[i] != NULL && n < cap; i++) {
		if (describe(&out[n], all[i])) {
			n++;
		}
	}
	sp_free_port_list(all);
	return (int)n;
}
