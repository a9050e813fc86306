# A goes up before B goes down.
s/w = next_down(l, s, b, channel);/w = channel == 0 ? next_down(l, s, b, 0) : next_up(l, s, b, 0, now);/
