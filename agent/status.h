/*
 * `tether status`, from another terminal: how the running guard says it is (guard/statusside.c).
 */
#ifndef TETHER_STATUS_H
#define TETHER_STATUS_H

/* Prints the status in words. The exit code: 0 printed; 1 after a sentence on standard error: none of
 * ours is running, or it does not answer within two seconds. */
int status_words(void);

/* The same as one line of JSON: the state event of agent/ui/headless.h, with no check words. */
int status_json(void);

#endif
