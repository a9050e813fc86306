# Control is taken with the targets of before.
/^limits_arm/,/^}/ s/forget_targets(l);/;/
