# Joined, a step of one channel does not hold the other back.
s/l->rise_at\[1 - channel\] = now + s->rise_ms;/;/
