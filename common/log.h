/*
 * One line per event to standard error: "<5>part: what happened" (the priority is sd-daemon's, and
 * left out at a terminal).
 * Never: keys, links, tokens, client ids, sids, addresses, contents (docs/PRIVACY.md).
 */
#ifndef TETHER_LOG_H
#define TETHER_LOG_H

enum log_level { LOG_ERROR_ = 3, LOG_WARN_ = 4, LOG_NOTE_ = 5, LOG_DEBUG_ = 7 };

/* Names the part that all later lines begin with, and says whether debug lines appear. */
void log_open(const char *part, int debug);

/* printf-like, no newline at the end. Never blocks: a line that can't be written is dropped. */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...) log_line(LOG_ERROR_, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN_, __VA_ARGS__)
#define log_note(...) log_line(LOG_NOTE_, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG_, __VA_ARGS__)

#endif
