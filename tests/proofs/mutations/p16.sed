# Joined, a write down looks at its own channel only.
s/value = lower(value, b->raw\[1 - channel\] >> 1);/;/
