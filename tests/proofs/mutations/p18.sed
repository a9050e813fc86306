# A power that waits comes before Pulse.
s/l->calm && b->late/l->calm \&\& power > 1 \&\& b->late/
