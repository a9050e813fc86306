# C and D are stepped twice as fast.
s/l->param_wait = now + s->rise_ms;/l->param_wait = now + (s->rise_ms >> 1);/
