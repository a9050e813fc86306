# The session lasts one millisecond longer.
s/} else if (l->end <= now) {/} else if (l->end < now) {/
