# Mode and power change without zero.
s/^\tlimits_zero(l, b, WHY_PARTNER, false);$/\t(void)b;/
