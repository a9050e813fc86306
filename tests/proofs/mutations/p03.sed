# A mode is written although it was forbidden while zero was being confirmed.
s/mode_in(s->modes, l->mode) && mode_in(b->modes, l->mode)/mode_in(b->modes, l->mode)/
