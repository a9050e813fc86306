# Power is written although it was locked while zero was being confirmed.
s/power <= 1 && !s->lock_power && /power <= 1 \&\& /
