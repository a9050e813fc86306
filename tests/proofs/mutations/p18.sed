# A power that waits comes before Pulse.
s/l->calm && mode_is_late(b->mode)/l->calm \&\& power > 1 \&\& mode_is_late(b->mode)/
