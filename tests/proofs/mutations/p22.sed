# C and D are stepped at every turn.
s/ || now < l->param_wait//
