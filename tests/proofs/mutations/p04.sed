# Power does not wait for the confirmed zero.
s/uint8_t power = b->zero ? l->power : NO_POWER;/uint8_t power = l->power;/
