/*
 * Secrets: locked in memory, wiped, compared in constant time. There is deliberately no function
 * that prints or formats one. Guard and signer processes only.
 */
#ifndef TETHER_SECRET_H
#define TETHER_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes this process not dumpable and not traceable (PR_SET_DUMPABLE 0, core limit 0). 0 or -1. */
int secret_process(void);

/* Locks [p, p+n) in memory and keeps it out of core dumps and forks' children (mlock,
 * MADV_DONTDUMP, MADV_WIPEONFORK where the kernel has it, whole pages round it). Best effort:
 * -1 when it could not be locked; the caller decides whether that is fatal. */
int secret_lock(void *p, size_t n);

/* Overwrites with zeros; never optimised away. */
void secret_wipe(void *p, size_t n);

/* Equal? In time that depends on n only. */
bool secret_equal(const void *a, const void *b, size_t n);

/* Fills with bytes of the system's generator (getrandom). Aborts the process when the system
 * can't give any: nothing here is safe without. */
void secret_random(void *p, size_t n);

#endif
