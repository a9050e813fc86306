# With nobody in control a cap is written.
s/^\t\tl->target\[channel\] = 0;$/\t\t;/
