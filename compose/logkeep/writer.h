/*
 * The process that reads what a part says and keeps it. Input: the part's standard output and
 * error.
 */
#ifndef TETHER_LOGKEEP_WRITER_H
#define TETHER_LOGKEEP_WRITER_H

#include "compose/logkeep/files.h"

/* Until the end of `fd`. Where the folder can't be written, that is said once on standard error. */
void writer_run(struct log_files *f, int fd);

#endif
