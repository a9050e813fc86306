# A level that the hand has set is written down to what is wanted, not to the cap.
s/value = lower(l->target\[channel\], cap);/value = l->target[channel];/
