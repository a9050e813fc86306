/*
 * Other processes of tether, by what /proc says of them: for `tether stop` and `end`, where the pid
 * file has gone, as with the folder that logind removes after the last logout while tmux goes on.
 */
#ifndef TETHER_SEARCH_H
#define TETHER_SEARCH_H

#include <stdbool.h>
#include <sys/types.h>

/* Can this signal not kill that process, since it is blocked there? A running tether holds it so
 * from before it has a pid file (single.h). True also where that can't be known. */
bool search_holds(pid_t pid, int number);

/* Sends the signal to each tether of this user that holds it. How many. */
int search_signal(int number);

#endif
