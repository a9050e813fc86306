/*
 * The signer: the one process that has the key secret and the signing key.
 */
#ifndef TETHER_KEYSVC_SIGNER_H
#define TETHER_KEYSVC_SIGNER_H

/* Runs the signer on CHILD_FD until main closes it; the working folder is the key service's.
 * Returns the exit status: 0, or 1 after a line to the log. */
int signer_run(void);

#endif
