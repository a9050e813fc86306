# A wish for C or D below 2 is kept as it is.
s/value = value < PARAM_MIN ? PARAM_MIN : value;/;/
