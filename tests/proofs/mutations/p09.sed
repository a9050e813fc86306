# Mode and power change without zero.
/^\tlimits_zero(l, WHY_CHANGE, false);$/d
