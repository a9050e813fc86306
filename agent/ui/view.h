/*
 * What a screen says: from the guard's view to plain sentences, times and bars. Pure functions, no
 * terminal. Runs in the ui. Input: views of the guard.
 */
#ifndef TETHER_UI_VIEW_H
#define TETHER_UI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/frames.h"

#define UI_ADVICE 256	     /* longest advice with its NUL */
#define UI_TIME 24	     /* longest time with its NUL */
#define UI_NEVER 0xffffffffu /* a timer that does not run */
#define UI_SOON_S 60	     /* a timer is worth a warning when it ends within this */

enum ui_tone { TONE_CALM, TONE_LIVE, TONE_ASK, TONE_ALARM };

/* The one sentence for the state. Never says that the outputs are stopped or at zero while the box
 * has not confirmed it (view->zero). NULL view: nothing has come from the guard yet. */
const char *ui_sentence(const struct ui_view *view);

/* How the sentence is to be taken; colours only repeat what the words say. */
enum ui_tone ui_tone(const struct ui_view *view);

/* Is the sentence about the server: that it is being reached, or that it was not? It is tried again
 * and again by itself. */
enum ui_try { TRY_NONE, TRY_RUNS, TRY_FAILED };
enum ui_try ui_try(const struct ui_view *view);

/* What the wearer can do now, in one or two sentences. */
void ui_advice(const struct ui_view *view, char out[UI_ADVICE]);

/* A timer that is about to end: the check-in first, then the idle shut-down. "" when none is. */
void ui_warning(const struct ui_view *view, char out[UI_ADVICE]);

/* Has something begun, from one view to the next, that the wearer must not miss: somebody asks, a
 * timer warns, the box is out of reach? Then a bell rings once. before is NULL at the first view.
 */
bool ui_attention(const struct ui_view *before, const struct ui_view *now);

/* What the dial C (0) or D (1) does in a mode ("pulse rate"), NULL where the mode does not use it.
 */
const char *ui_dial(unsigned mode, unsigned dial);

/* A mode's name for people; what the box calls otherwise was set by hand. */
const char *ui_mode(unsigned mode);

/* Seconds for people: "3 h 05 min", "12 min", "45 s", "-" for UI_NEVER. */
void ui_time(char out[UI_TIME], uint32_t seconds);

/* A channel as `width` characters and NUL: '#' up to the level, '>' up to a higher target, '-' up
 * to the cap, '|' at the cap, '.' beyond. A level above 0 shows at least one '#'; the level hides
 * the cap's mark only when it is at or above the cap. Percent values over 100 count as 100. */
void ui_bar(char *out, size_t width, unsigned level, unsigned target, unsigned cap);

/* "low" or "high". */
const char *ui_power(const struct ui_view *view);

#endif
