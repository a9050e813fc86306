# The channel of a parameter is not checked.
/^limits_param/,/^}/ s/channel > 1 || //
