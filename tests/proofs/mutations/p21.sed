# A power that waits for zero is not taken back.
s/l->power = NO_POWER; \/\* the last wish counts \*\//;/
