# Authority lasts one millisecond longer.
s/} else if (l->authority <= now) {/} else if (l->authority < now) {/
