/* The 256 check words: short (3 to 6 letters), easy to say and to tell apart. */
#ifndef TETHER_WORDS_H
#define TETHER_WORDS_H

extern const char *const check_words[256];

#endif
