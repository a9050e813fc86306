/*
 * Which serial port: the one named, the only FTDI adapter, the one the wearer picks, or a simulated
 * box. Runs before anything else is started.
 */
#ifndef TETHER_CHOOSE_H
#define TETHER_CHOOSE_H

#include <sys/types.h>

#include "agent/box/ports.h"
#include "agent/guard/guard.h"

/* Which of `count` ports a line typed by the wearer means (1 to count), as an index; with line NULL
 * the only one there is. -1: none. */
int choose_pick(int count, const char *line);

/* The index of the port with this path (no link), or -1. */
int choose_known(const struct port *ports, int count, const char *path);

/* Fills o->box and o->usb. For --demo it starts `tether-box` (from our own folder), whose pid goes
 * to *sim and whose folder to dir (both for choose_finish). 0, or -1 after a sentence. */
int choose_box(struct options *o, pid_t *sim, char dir[MAX_PATH]);

/* Ends the simulated box, if there is one. */
void choose_finish(pid_t sim, const char *dir);

#endif
