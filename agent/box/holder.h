/*
 * Taking the port over from a box process whose guard has gone and whose box does not answer. Box
 * process, before it is sealed.
 */
#ifndef TETHER_BOX_HOLDER_H
#define TETHER_BOX_HOLDER_H

/* What an orphan obeys: it closes the port and ends. One with a guard takes no notice. */
#define HOLDER_SIGNAL SIGUSR2

/* Asks the box process that holds the lock of `port` for it. Nothing is sent to any other program
 * that holds it, nor by one user to another's. No answer comes: try to open the port again. */
void holder_ask(const char *port);

#endif
