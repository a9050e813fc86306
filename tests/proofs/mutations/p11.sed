# Idle zeroes but does not latch.
s/limits_zero(l, b, WHY_IDLE, true);/limits_zero(l, b, WHY_IDLE, false);/
