# Mode and power change without zero.
/^\tlimits_zero(l, WHY_PARTNER, false);$/d
