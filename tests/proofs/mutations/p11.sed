# Idle zeroes but does not latch.
s/limits_zero(l, WHY_IDLE, true);/limits_zero(l, WHY_IDLE, false);/
