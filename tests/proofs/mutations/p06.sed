# A goes up before B goes down.
s/w = next_down(l, s, b, 1);/w = next_up(l, s, b, 0, now);/
