/*
 * The box process: alone holds the serial port, and does what the guard says for as long as it says
 * so. Everything that decides is in exchange.h; docs/PRIVSEP.md has its place among the others.
 */
#ifndef TETHER_BOX_BOX_H
#define TETHER_BOX_BOX_H

/* Runs it, with the guard's socket at CHILD_FD: opens `port` (serial.h; `usb_serial` NULL for any),
 * seals itself, writes K until zero is confirmed, then serves. Ends when the guard has gone and
 * zero is confirmed, or when the port has gone; never by a signal that can be ignored. While the
 * guard has gone and the box does not answer, it keeps the port, goes on writing K, and says so on
 * standard error once; the next box process takes the port over (holder.h). Returns the exit code: 0
 * the guard has gone and both outputs are at zero; 1 it could not begin; 2 the port went away; 3
 * another box process has the port. */
int box_main(const char *port, const char *usb_serial);

#endif
