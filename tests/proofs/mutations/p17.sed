# Taking control counts as a sign of the wearer.
/^limits_arm/,/^}/ s/l->changed = now;/l->changed = l->seen = now;/
